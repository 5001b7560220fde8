// Owns how attribute values are written, ordered and turned into a condition in SQL. Never draws.

export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;

export function attributeText(value: AttributeValue): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (attributeType(value) === "bytes") return String((value as { bytesValue: AttributeValue }).bytesValue);
  if (typeof value === "object") return JSON.stringify(value, null, 2);
  return String(value);
}

export function attributeType(value: AttributeValue): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return "bytesValue" in value && Object.keys(value).length === 1 ? "bytes" : "map";
  return typeof value;
}

export function sortedAttributes(attributes: Attributes | undefined): [string, AttributeValue][] {
  return Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

export function matchesFilter(key: string, value: AttributeValue, filter: string): boolean {
  const wanted = filter.toLowerCase();
  return key.toLowerCase().includes(wanted) || attributeText(value).toLowerCase().includes(wanted);
}

/** A text literal in SQL: quotes doubled, nothing else is special. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The statement behind "find spans with this": `map` is the column the attribute was shown under. */
export function spansWithAttribute(map: "attributes" | "resource_attributes" | "scope_attributes", key: string, value: AttributeValue): string {
  const text = typeof value === "string" ? value : value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return [
    "select start_time, trace_id, service_name, name, duration, status_code",
    "from spans",
    `where ${map}[${sqlText(key)}] = ${sqlText(text)}`,
    "order by start_time desc",
    "limit 200",
  ].join("\n");
}
