import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["HOMEPORT_URL"] ?? "http://127.0.0.1:5001";

export default defineConfig({
  // Relative asset addresses: the same build works at "/" and below any sub-path (see <base> in index.html).
  base: "./",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../homeport/entry/console",
    emptyOutDir: true,
    reportCompressedSize: true,
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(["/console/api", "/v1", "/health"].map((path) => [path, { target: server }])),
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
