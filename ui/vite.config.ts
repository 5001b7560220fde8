// Owns how the page is built: one static folder that the binary embeds. Never inlines scripts, styles or assets,
// because the server sends `default-src 'self'`.
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * V8 compiles a function when it is first called, on the page's thread: of the first trace that is opened that is a sixth of the wait. With this line, first
 * in a file, it compiles all of them beside the page while the file comes in; other engines see a comment. For the page of a trace alone, which comes while
 * nothing else is done: for all it made the first picture of the others later. https://v8.dev/blog/explicit-compile-hints
 */
const COMPILE_HINT = "//# allFunctionsCalledOnLoad\n";

function compiledAtOnce(): Plugin {
  return {
    name: "compiled-at-once",
    enforce: "post",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, files) {
        for (const file of Object.values(files)) if (file.type === "chunk" && file.name === "TracePage") file.code = COMPILE_HINT + file.code;
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), compiledAtOnce()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    port: 4301,
    // With the host as the browser names it: the server takes no statement from a page of another origin.
    proxy: Object.fromEntries(["/api", "/tempo", "/prometheus", "/jaeger"].map((path) => [path, { target: process.env.SPANLAKE_URL ?? "http://127.0.0.1:4300", changeOrigin: false }])),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
