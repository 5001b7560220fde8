// Owns how the page is built: one static folder that the binary embeds. Never inlines scripts, styles or assets,
// because the server sends `default-src 'self'`.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
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
