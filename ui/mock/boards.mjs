// Owns dashboards as the server keeps them: documents with versions and conditions. Only where a test says so
// (`state.boards`, a map of names): by itself this server keeps none. Never reads a document beyond its title and panels.
import { gzipSync } from "node:zlib";

const MINUTE_MS = 60_000;
const etag = (number) => `"${number}"`;

/** Versions of a dashboard, newest first; `kept` names the newest, `earlier` those before it. */
const versionsOf = (kept) => [{ number: kept.number, text: kept.text, changedMs: kept.changedMs ?? 0 }, ...(kept.earlier ?? [])];

/** One that was saved often, a day and then some minutes apart, the newest five minutes ago. */
export function boardOfVersions(documents) {
  const versions = documents.map((document, place) => ({ number: place + 1, text: JSON.stringify(document), changedMs: Date.now() - (documents.length - place) * 5 * MINUTE_MS - (place === 0 ? 24 * 60 * MINUTE_MS : 0) }));
  const newest = versions.pop();
  return { ...newest, earlier: versions.reverse() };
}

function put(state, name, kept, text) {
  const number = (kept?.number ?? 0) + 1;
  state.boards.set(name, { text, number, changedMs: Date.now(), earlier: kept ? versionsOf(kept) : [] });
  return number;
}

export function answerBoards(state, request, { pathname, searchParams }, body, response) {
  const send = (status, value, headers = {}) => {
    response.writeHead(status, { "Content-Type": "application/json", "Content-Encoding": "gzip", "Cache-Control": "no-store", ...headers });
    response.end(gzipSync(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), { level: 1 }));
  };
  const missing = (message = "no such route") => send(404, { error: { code: "not_found", message } });
  if (!state.boards) return missing();
  if (pathname === "/api/boards") return send(200, { boards: [...state.boards].map(([name, { text, file }]) => ({ name, title: JSON.parse(text).title, panels: JSON.parse(text).panels.length, ...(file ? { file } : {}) })) });
  const [raw, part] = pathname.slice("/api/boards/".length).split("/");
  const name = decodeURIComponent(raw);
  const kept = state.boards.get(name);
  if (request.method === "GET") {
    if (!kept) return missing(`no dashboard ${name}`);
    const versions = versionsOf(kept);
    if (part === "versions") return send(200, { versions: versions.map(({ number, changedMs }) => ({ version: number, changed: `${changedMs}000000` })) });
    const wanted = searchParams.get("version");
    const found = wanted === null ? versions[0] : versions.find(({ number }) => String(number) === wanted);
    return found ? send(200, found.text, { ETag: etag(found.number) }) : missing(`no dashboard ${name}`);
  }
  const wanted = request.headers["if-match"];
  if ((wanted !== undefined && wanted !== etag(kept?.number)) || (request.headers["if-none-match"] === "*" && kept)) return send(412, { error: { code: "changed", message: "it was changed meanwhile" } });
  if (request.method === "DELETE") {
    state.boards.delete(name);
    return send(200, {});
  }
  return send(200, {}, { ETag: etag(put(state, name, kept, body)) });
}
