// Owns calls between services as the page of a service asks for them: child spans joined with their parents.
export const SPAN_JOIN = /^select (p|c)\.service_name as peer,[\s\S]*from spans c\njoin spans p on c\.trace_id = p\.trace_id and c\.parent_span_id = p\.span_id[\s\S]*(?:p|c)\.service_name = '((?:[^']|'')*)'/;

export function joinedCalls(match, spans) {
  const peerIsParent = match[1] === "p";
  const service = match[2].replaceAll("''", "'");
  const byId = new Map(spans.map((span) => [`${span.trace_id}.${span.span_id}`, span]));
  const calls = new Map();
  for (const child of spans) {
    const parent = byId.get(`${child.trace_id}.${child.parent_span_id}`);
    if (!parent || parent.service_name === child.service_name) continue;
    const [own, peer] = peerIsParent ? [child, parent] : [parent, child];
    if (own.service_name !== service) continue;
    const entry = calls.get(peer.service_name) ?? { count: 0, errors: 0, durations: [] };
    entry.count++;
    if (child.status.code === "error") entry.errors++;
    entry.durations.push(Number(child.duration));
    calls.set(peer.service_name, entry);
  }
  const rows = [...calls].map(([peer, { count, errors, durations }]) => [peer, count, errors, durations.sort((a, b) => a - b)[Math.floor(durations.length * 0.95)] ?? null]);
  return { columns: ["peer", "calls", "errors", "p95"], rows: rows.sort((a, b) => b[1] - a[1]) };
}
