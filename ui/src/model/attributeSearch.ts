// Owns the words of a search inside a trace that ask for an attribute: which they are, the statement that finds their spans
// on the server, and finding them among spans that are here. The skeleton holds no attributes. Never asks anyone.
import { attributeText, sqlText, type Attributes } from "./attributes";
import { splitWords } from "./searchWords";

/** `key=value` holds the value, `key==value` is exactly it, `key=` has the attribute. */
export interface AttributeWord {
  /** As it is written, without the sign that excludes: by it the answer is known. */
  text: string;
  key: string;
  value: string;
  isExact: boolean;
}

/** What the skeleton itself knows (model/traceSearch). */
const OWN_FIELDS = new Set(["service", "name", "kind", "status", "id", "events", "logs", "duration"]);

export function attributeWord(word: string): AttributeWord | null {
  const match = /^([\p{L}\w@][\p{L}\w.:/@-]*)(==?)(.*)$/su.exec(word);
  if (!match || OWN_FIELDS.has(match[1].toLowerCase())) return null;
  const [text, key, sign, value] = match;
  return { text, key, value: value.replace(/^"|"$/g, ""), isExact: sign === "==" };
}

/** Each once. */
export function attributeWords(query: string): AttributeWord[] {
  const found = new Map<string, AttributeWord>();
  for (const word of splitWords(query)) {
    const attribute = attributeWord(word.startsWith("-") ? word.slice(1) : word);
    if (attribute) found.set(attribute.text, attribute);
  }
  return [...found.values()];
}

export const ATTRIBUTE_MATCHES_MAX = 100_000;

export function attributeStatement(traceId: string, { key, value, isExact }: AttributeWord): string {
  const holds = (map: string): string => {
    const read = `${map}[${sqlText(key)}]`;
    if (value === "") return `${read} is not null`;
    return isExact ? `${read} = ${sqlText(value)}` : `strpos(lower(${read}), ${sqlText(value.toLowerCase())}) > 0`;
  };
  return `select span_id\nfrom spans\nwhere trace_id = ${sqlText(traceId)}\n  and (${holds("attributes")} or ${holds("resource_attributes")})\nlimit ${ATTRIBUTE_MATCHES_MAX}`;
}

/** The value of one attribute of every span that has it, its own before its resource's. */
export function valueStatement(traceId: string, key: string): string {
  const read = (map: string): string => `${map}[${sqlText(key)}]`;
  return `select span_id, coalesce(${read("attributes")}, ${read("resource_attributes")}) as value\nfrom spans\nwhere trace_id = ${sqlText(traceId)}\n  and (${read("attributes")} is not null or ${read("resource_attributes")} is not null)\nlimit ${ATTRIBUTE_MATCHES_MAX}`;
}

export function valuesHere(spans: readonly SpanWithAttributes[], key: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const { span_id: id, attributes, resource_attributes: resource } of spans) {
    if (key in attributes) found.set(id, attributeText(attributes[key]));
    else if (key in resource) found.set(id, attributeText(resource[key]));
  }
  return found;
}

interface SpanWithAttributes {
  span_id: string;
  attributes: Attributes;
  resource_attributes: Attributes;
}

export function spansHere(spans: readonly SpanWithAttributes[], { key, value, isExact }: AttributeWord): string[] {
  const holds = (attributes: Attributes): boolean => {
    if (!(key in attributes)) return false;
    const text = attributeText(attributes[key]);
    return value === "" || (isExact ? text === value : text.toLowerCase().includes(value.toLowerCase()));
  };
  return spans.filter((span) => holds(span.attributes) || holds(span.resource_attributes)).map((span) => span.span_id);
}

/** The word that finds spans with this attribute; quotation marks cannot be written in it. */
export function wordFor(key: string, value: string): string {
  const plain = value.split("\n")[0].replaceAll('"', "").slice(0, 120);
  const isCut = plain !== value;
  return `${key}${isCut ? "=" : "=="}${/[\s"]/.test(plain) || plain === "" ? `"${plain}"` : plain}`;
}
