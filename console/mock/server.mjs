/**
 * A stand-in for the server, for working on the console alone: `npm run mock`, then `npm run dev`.
 * Options: --port 5001, --fresh (nothing set up yet), --static DIR (also serves a built console), --base /sub (below a path).
 * A password "wrong-password1" is refused, a file named broken* fails, *.exe is rejected, a question with "error" fails.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { newState, ROUTES } from "./routes.mjs";

const { values: options } = parseArgs({
  options: { port: { type: "string", default: "5001" }, fresh: { type: "boolean", default: false }, static: { type: "string" }, base: { type: "string", default: "" } },
});
const state = newState(options.fresh);
const API = `${options.base}/console/api`;
const OPEN = ["/setup", "/login", "/system"];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const routes = Object.entries(ROUTES).map(([key, answer]) => {
  const [method, path] = key.split(" ");
  const pattern = path.replace(/:(\w+)/g, (_, name) => `(?<${name}>${name === "provider" ? ".+" : "[^/]+"})`);
  return { method, pattern: new RegExp(`^${pattern}$`), answer };
});

async function read(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The file parts of a multipart body: names and rough sizes. */
function fileParts(body) {
  const text = body.toString("latin1");
  return [...text.matchAll(/name="file"; filename="([^"]*)"/g)].map((match) => ({ name: Buffer.from(match[1], "latin1").toString(), size: body.length }));
}

function json(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

async function api(request, response, url) {
  const path = url.pathname.slice(API.length);
  const route = routes.find((one) => one.method === request.method && one.pattern.test(path));
  const refuse = (status, code, message, hint = null) => json(response, status, { code, message, status, hint });
  const body = await read(request);
  if (!route) return refuse(404, "not_found", `There is no ${request.method} ${path}.`);
  if (!state.signedIn && !OPEN.includes(path)) return refuse(401, "unauthorized", "You are not logged in.");
  if (request.method !== "GET" && !OPEN.includes(path) && request.headers["x-csrf-token"] !== "mock-csrf") return refuse(403, "csrf_failed", "The CSRF token is missing.");
  const multipart = request.headers["content-type"]?.startsWith("multipart/");
  const params = Object.fromEntries(Object.entries(route.pattern.exec(path)?.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));
  try {
    const context = { params, query: url.searchParams, response, parts: multipart ? fileParts(body) : [], body: body.length && !multipart ? JSON.parse(body) : {} };
    const answer = await route.answer(state, context);
    if (response.writableEnded || response.headersSent) return;
    if (answer === undefined) response.writeHead(204).end();
    else json(response, request.method === "POST" ? 201 : 200, answer);
  } catch (error) {
    if (!error.status) console.error(error);
    refuse(error.status ?? 500, error.code ?? "internal", error.message, error.hint);
  }
}

async function file(response, path) {
  const root = options.static;
  const inside = normalize(path.slice(options.base.length)).replace(/^(\.\.[/\\])+/, "");
  const found = extname(inside) ? inside : "index.html";
  try {
    let content = await readFile(join(root, found));
    if (found === "index.html" && options.base) content = content.toString().replaceAll(/(<base href=|homeport-base" content=)"\/"/g, `$1"${options.base}/"`);
    response.writeHead(200, { "Content-Type": TYPES[extname(found)] ?? "application/octet-stream" }).end(content);
  } catch {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname.startsWith(`${API}/`)) void api(request, response, url);
  else if (options.static) void file(response, url.pathname);
  else response.writeHead(404).end();
});
server.listen(Number(options.port), "127.0.0.1", () => console.log(`mock server on http://127.0.0.1:${server.address().port}${options.base}/`));
