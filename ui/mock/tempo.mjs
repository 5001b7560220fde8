// Owns Tempo's routes for names and values of tags, as the field for filters asks them.
const OPEN = { span: "attributes", resource: "resource_attributes" };
const small = (store) => store.filter((trace) => trace.spans.length < 1000).flatMap((trace) => trace.spans);

export function tagNames(store) {
  const names = (map) => [...new Set(small(store).flatMap((span) => Object.keys(span[map])))].sort();
  return { scopes: [{ name: "span", tags: names("attributes") }, { name: "resource", tags: names("resource_attributes") }, { name: "intrinsic", tags: ["duration", "kind", "name", "rootName", "rootServiceName", "status", "statusMessage", "traceDuration"] }] };
}

export function tagValues(store, tag) {
  const [, scope, key] = /^(?:(span|resource)?\.)?(.+)$/.exec(tag);
  const values = new Map();
  for (const span of small(store)) {
    const found = tag === "name" ? span.name : scope ? span[OPEN[scope]][key] : (span.attributes[key] ?? span.resource_attributes[key]);
    if (found !== undefined && found !== null && typeof found !== "object") values.set(String(found), { type: typeof found === "number" ? "int" : typeof found === "boolean" ? "bool" : "string", value: String(found) });
  }
  return { tagValues: [...values.values()].slice(0, 500) };
}
