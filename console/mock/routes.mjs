/** The console API over a few arrays: enough to click through everything, nothing is kept. */
import { id, modelConfig, newDataset, newDocument, now, PROVIDERS, seed, segmentsOf } from "./seed.mjs";
import { JOB_ROUTES, newJobs } from "./jobs.mjs";
import { newTracing, traceRoutes } from "./tracing.mjs";
import { advance, hits, resourcesOf, stream } from "./work.mjs";

export function newState(fresh) {
  const state = fresh ? { datasets: [], documents: [], apps: [] } : seed();
  const segments = state.documents.flatMap((document) => (document.indexing_status === "completed" ? segmentsOf(document) : []));
  return {
    ...state, segments, setup: !fresh, signedIn: false, profile: { id: id(), name: "Ada Port", email: "ada@example.org", interface_language: "en", timezone: "UTC", created_at: now() },
    conversations: [], messages: [], keys: [], stopped: new Set(), providers: structuredClone(PROVIDERS), defaults: { llm: null, "text-embedding": null }, ...newJobs(), ...newTracing(),
  };
}

class Refusal extends Error {
  constructor(status, code, message, hint = null) {
    super(message);
    Object.assign(this, { status, code, hint });
  }
}

const find = (list, one) => list.find((item) => item.id === one) ?? refuse(404, "not_found", "There is nothing with this id.");
const refuse = (...args) => {
  throw new Refusal(...args);
};

function page(items, query) {
  const number = Number(query.get("page") ?? 1);
  const limit = Number(query.get("limit") ?? 20);
  const word = (query.get("keyword") ?? query.get("name") ?? "").toLowerCase();
  const status = query.get("status");
  const found = items.filter((item) => (item.name ?? item.content).toLowerCase().includes(word) && (!status || item.display_status === status));
  return { data: found.slice((number - 1) * limit, number * limit), page: number, limit, total: found.length, has_more: number * limit < found.length };
}

/** "METHOD /path/:name" → what answers it: (state, {params, query, body, response, parts}) => JSON, or undefined for 204. */
export const ROUTES = {
  ...JOB_ROUTES,
  "GET /setup": (s) => ({ step: s.setup ? "finished" : "not_started", setup_at: null }),
  "POST /setup": (s, { body }) => {
    s.setup = true;
    Object.assign(s.profile, { name: body.name, email: body.email });
    return { result: "success" };
  },
  "POST /login": (s, { body, response }) => {
    if (body.password === "wrong-password1") refuse(401, "authentication_failed", "Email or password is wrong.");
    s.signedIn = true;
    response.setHeader("Set-Cookie", ["access_token=mock; HttpOnly; SameSite=Lax; Path=/", "csrf_token=mock-csrf; SameSite=Lax; Path=/"]);
    return { result: "success" };
  },
  "POST /logout": (s) => {
    s.signedIn = false;
    return { result: "success" };
  },
  "GET /system": () => ({ version: "0.1.0", setup_step: "finished" }),
  "GET /account/profile": (s) => s.profile,
  "PATCH /account/profile": (s, { body }) => Object.assign(s.profile, body),
  "POST /account/password": (s, { body }) => (body.password === "wrong" ? refuse(400, "invalid_password", "The current password is wrong.") : { result: "success" }),
  "GET /workspaces/current": () => ({ id: id(), name: "Port authority", role: "owner", operates: true, created_at: now() }),

  "GET /datasets": (s, { query }) => page(s.datasets.map((one) => counted(s, one)), query),
  "POST /datasets": (s, { body }) => {
    if (s.datasets.some(({ name }) => name === body.name)) refuse(409, "dataset_name_duplicate", `A knowledge base named “${body.name}” exists already.`, "Choose another name.");
    const dataset = newDataset(body);
    s.datasets.unshift(dataset);
    return dataset;
  },
  "GET /datasets/api-keys": (s) => keyList(s, "dataset"),
  "POST /datasets/api-keys": (s) => newKey(s, "dataset"),
  "DELETE /datasets/api-keys/:key": (s, { params }) => void (s.keys = s.keys.filter((key) => key.id !== params.key)),
  "GET /datasets/:id": (s, { params }) => counted(s, find(s.datasets, params.id)),
  "PATCH /datasets/:id": (s, { params, body }) => Object.assign(find(s.datasets, params.id), body),
  "DELETE /datasets/:id": (s, { params }) => {
    if (find(s.datasets, params.id).app_count > 0) refuse(409, "dataset_in_use", "The knowledge base is used by an app.", "Take it out of the app's configuration first.");
    s.datasets = s.datasets.filter((one) => one.id !== params.id);
  },
  "POST /datasets/:id/documents/upload": (s, { params, parts }) => {
    const answer = { documents: [], batch: id(), rejected: [] };
    for (const { name, size } of parts) {
      if (/\.(exe|zip)$/.test(name)) answer.rejected.push({ name, code: "unsupported_file_type", message: `“${name}” is of a kind that cannot be read. Accepted are txt, md, html, csv, pdf, docx, pptx, xlsx, epub and eml.` });
      else answer.documents.push(newDocument(params.id, name, size));
    }
    s.documents.unshift(...answer.documents);
    return answer;
  },
  "POST /datasets/:id/documents/text": (s, { params, body }) => {
    const document = newDocument(params.id, body.name, body.text.length, { file: null });
    s.documents.unshift(document);
    return { document, batch: id() };
  },
  "GET /datasets/:id/documents": (s, { params, query }) => page(s.documents.filter(({ dataset }) => dataset === params.id).map((one) => advanced(s, one)), query),
  "GET /datasets/:id/documents/:doc": (s, { params }) => advanced(s, find(s.documents, params.doc)),
  "DELETE /datasets/:id/documents/:doc": (s, { params }) => void (s.documents = s.documents.filter((one) => one.id !== params.doc)),
  "POST /datasets/:id/documents/:doc/:action": (s, { params }) => act(find(s.documents, params.doc), params.action),
  "GET /datasets/:id/documents/:doc/segments": (s, { params, query }) => page(s.segments.filter((one) => one.document_id === params.doc), query),
  "POST /datasets/:id/documents/:doc/segments": (s, { params, body }) => {
    const document = find(s.documents, params.doc);
    const segment = { ...segmentsOf({ ...document, segment_count: 1 })[0], ...body, position: ++document.segment_count };
    s.segments.push(segment);
    return segment;
  },
  "GET /datasets/:id/segments/:seg": (s, { params }) => find(s.segments, params.seg),
  "PATCH /datasets/:id/segments/:seg": (s, { params, body }) => Object.assign(find(s.segments, params.seg), body),
  "DELETE /datasets/:id/segments/:seg": (s, { params }) => void (s.segments = s.segments.filter((one) => one.id !== params.seg)),
  "POST /datasets/:id/retrieve": (s, { params, body }) => ({ query: { content: body.query }, records: search(s, params.id, body.query, body.retrieval_model?.search_method), took_ms: 1.8 }),

  "GET /apps": (s, { query }) => page(s.apps.map(({ model_config: _, ...app }) => app), query),
  "POST /apps": (s, { body }) => {
    const { dataset_ids: datasets = [], ...fields } = body;
    const app = { id: id(), icon: null, icon_type: null, icon_background: null, enable_site: true, enable_api: true, created_at: now(), updated_at: now(), ...fields, model_config: modelConfig(datasets) };
    s.apps.unshift(app);
    return app;
  },
  "GET /apps/:id": (s, { params }) => find(s.apps, params.id),
  "PATCH /apps/:id": (s, { params, body }) => Object.assign(find(s.apps, params.id), body),
  "DELETE /apps/:id": (s, { params }) => void (s.apps = s.apps.filter((one) => one.id !== params.id)),
  ...traceRoutes(refuse),
  "GET /apps/:id/api-keys": (s, { params }) => keyList(s, params.id),
  "POST /apps/:id/api-keys": (s, { params }) => newKey(s, params.id),
  "DELETE /apps/:id/api-keys/:key": (s, { params }) => void (s.keys = s.keys.filter((key) => key.id !== params.key)),
  "GET /apps/:id/conversations": (s, { params }) => ({ data: s.conversations.filter(({ app }) => app === params.id), has_more: false, limit: 30 }),
  "POST /apps/:id/conversations/:cid/name": (s, { params, body }) => Object.assign(find(s.conversations, params.cid), body),
  "DELETE /apps/:id/conversations/:cid": (s, { params }) => void (s.conversations = s.conversations.filter((one) => one.id !== params.cid)),
  "GET /apps/:id/messages": (s, { query }) => ({ data: s.messages.filter((one) => one.conversation_id === query.get("conversation_id")), has_more: false, limit: 20 }),
  "POST /apps/:id/messages/:mid/feedbacks": (s, { params, body }) => {
    find(s.messages, params.mid).feedback = body.rating ? { rating: body.rating } : null;
    return { result: "success" };
  },
  "POST /apps/:id/chat-messages": async (s, { params, body, response }) => {
    const app = find(s.apps, params.id);
    let conversation = s.conversations.find((one) => one.id === body.conversation_id);
    if (!conversation) {
      conversation = { id: id(), app: app.id, name: body.query.slice(0, 40), status: "normal", introduction: "", created_at: now(), updated_at: now() };
      s.conversations.unshift(conversation);
    }
    const message = { id: id(), conversation_id: conversation.id, query: body.query, feedback: null, retriever_resources: answerSources(s, app, body.query), status: "normal", error: null, created_at: now() };
    const answer = await stream(response, { query: body.query, conversation: conversation.id, message: message.id, resources: message.retriever_resources, stopped: (task) => s.stopped.has(task) });
    s.messages.push(answer === null ? { ...message, answer: "", status: "error", error: "The model provider refuses: its quota is used up." } : { ...message, answer });
  },
  "POST /apps/:id/chat-messages/:task/stop": (s, { params }) => {
    s.stopped.add(params.task);
    return { result: "success" };
  },
  "POST /apps/:id/completion-messages/:task/stop": (s, { params }) => {
    s.stopped.add(params.task);
    return { result: "success" };
  },
  "POST /apps/:id/completion-messages": (s, { params, body, response }) => {
    const query = String(body.inputs?.query ?? "");
    return stream(response, { query, message: id(), resources: answerSources(s, find(s.apps, params.id), query), stopped: (task) => s.stopped.has(task) });
  },

  "GET /model-providers": (s) => ({ data: s.providers }),
  "GET /model-providers/models": (s, { query }) => ({
    data: s.providers.filter(({ configured }) => configured).flatMap((one) => one.models.filter(({ model_type }) => model_type === query.get("model_type")).map((model) => ({ ...model, provider: one.provider, label: `${model.model} (${one.label})` }))),
  }),
  "PUT /model-providers/:provider": (s, { params, body }) => {
    if (body.base_url.includes("wrong")) refuse(400, "credentials_invalid", `${body.base_url} does not answer: the connection was refused.`, "Check the address, and that the server is running.");
    const provider = s.providers.find((one) => one.provider === params.provider);
    return Object.assign(provider, { configured: true, source: "workspace", base_url: body.base_url, api_key_masked: body.api_key ? "sk-…" : null, models: body.models ?? [{ model: "small-chat", model_type: "llm" }, { model: "embedder", model_type: "text-embedding" }] });
  },
  "DELETE /model-providers/:provider": (s, { params }) => void Object.assign(s.providers.find((one) => one.provider === params.provider), { configured: false, source: null, base_url: null, models: [] }),
  "GET /default-models": (s) => s.defaults,
  "PUT /default-models": (s, { body }) => (s.defaults = body),
};

function counted(s, dataset) {
  const documents = s.documents.filter((one) => one.dataset === dataset.id);
  return { ...dataset, document_count: documents.length, total_documents: documents.length, word_count: documents.reduce((sum, one) => sum + one.word_count, 0) };
}

function advanced(s, document) {
  advance(document);
  if (document.indexing_status === "completed" && !s.segments.some((one) => one.document_id === document.id)) s.segments.push(...segmentsOf(document));
  const { born: _, dataset: __, ...shown } = document;
  return shown;
}

function act(document, action) {
  const change = {
    pause: { indexing_status: "paused", display_status: "paused", born: null },
    resume: { indexing_status: "indexing", display_status: "indexing", born: Date.now() - 5000 },
    retry: { indexing_status: "waiting", display_status: "queuing", error: null, progress: 0, born: Date.now() },
    enable: { enabled: true, display_status: "available" },
    disable: { enabled: false, display_status: "disabled" },
  }[action];
  return Object.assign(document, change);
}

const search = (s, dataset, query, method) => hits(s.segments, new Map(s.documents.filter((one) => one.dataset === dataset).map(({ id: key, name }) => [key, { id: key, name }])), query, method);

function answerSources(s, app, query) {
  const chosen = app.model_config.dataset_configs.datasets.datasets[0]?.dataset.id;
  const dataset = s.datasets.find((one) => one.id === chosen);
  return dataset ? resourcesOf(search(s, chosen, `${query} harbour`, "semantic_search").slice(0, 3), dataset) : [];
}

const keyList = (s, owner) => ({ data: s.keys.filter((key) => key.owner === owner).map((key) => ({ ...key, token: `${key.token.slice(0, 6)}…${key.token.slice(-4)}` })) });

function newKey(s, owner) {
  const key = { id: id(), owner, type: owner === "dataset" ? "dataset" : "app", token: `${owner === "dataset" ? "dataset" : "app"}-${id().replaceAll("-", "").slice(0, 24)}`, created_at: now(), last_used_at: null };
  s.keys.unshift(key);
  return key;
}
