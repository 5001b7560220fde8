// Owns a door before a server that shows the page of `dist` in place of the one built into the binary, so that a change
// is measured without a build of the binary. The files go out as the server sends them: compressed, and kept.
import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

export function openDist(server) {
  const { hostname, port } = new URL(server);
  const compressed = new Map();
  const file = (pathname) => {
    const path = normalize(join(DIST, pathname));
    const name = path.startsWith(DIST) && extname(path) !== "" && existsSync(path) ? path : join(DIST, "index.html");
    if (!compressed.has(name)) compressed.set(name, gzipSync(readFileSync(name)));
    return [name, compressed.get(name)];
  };
  const door = createServer((asked, response) => {
    const { pathname } = new URL(asked.url, "http://localhost");
    if (!/^\/(api|tempo|jaeger|prometheus)\//.test(pathname)) {
      const [name, bytes] = file(pathname);
      response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Encoding": "gzip", "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'" });
      return response.end(bytes);
    }
    const headers = { ...asked.headers, host: `${hostname}:${port}` };
    delete headers.origin;
    delete headers.referer;
    const passed = request({ hostname, port, path: asked.url, method: asked.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  return new Promise((done) => door.listen(0, "127.0.0.1", () => done({ url: `http://127.0.0.1:${door.address().port}`, close: () => { door.closeAllConnections(); door.close(); } })));
}
