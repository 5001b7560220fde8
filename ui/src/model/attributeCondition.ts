// Owns an attribute of a span as a condition of the filter language. What the language means is the server's.
import type { AttributeValue } from "./attributes";
import type { Condition } from "./filterText";

const SCOPES = { attributes: "span", resource_attributes: "resource", scope_attributes: null } as const;

/** Null where the language cannot ask for it: lists, maps, bytes, nothing, and what belongs to a scope. */
export function conditionOn(map: keyof typeof SCOPES, key: string, value: AttributeValue): Condition | null {
  const scope = SCOPES[map];
  if (scope === null || value === null || typeof value === "object") return null;
  const isPlain = /^[A-Za-z_][\w.-]*$/.test(key);
  return { key: `${scope}.${isPlain ? key : JSON.stringify(key)}`, value, isExcluded: false };
}
