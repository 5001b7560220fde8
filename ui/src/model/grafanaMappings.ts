// Owns Grafana's value mappings as ours: single values and ranges; what else there is (texts, regular expressions, no value) has
// no place here and is counted. Pure.
import type { ValueMapping } from "./boardMappings";
import { listFrom, numberFrom, recordFrom, textFrom, type Loose } from "./loose";

/** `lost`: whether some of it was left out. Also the old form, with `valueMaps` of a single figure. */
export function mappingsFromGrafana(defaults: Loose, panel: Loose): { mappings: ValueMapping[]; lost: boolean } {
  const mappings: ValueMapping[] = [];
  let lost = false;
  const add = (from: number | null, to: number | null, text: string): void => {
    if (text === "" || (from === null && to === null)) lost = true;
    else mappings.push({ ...(from === null ? {} : { from }), ...(to === null ? {} : { to }), text });
  };
  for (const one of listFrom(defaults.mappings)) {
    const options = recordFrom(one.options);
    const entries = Object.entries(options);
    if (one.type === "value" && entries.length > 0) for (const [value, result] of entries) add(numeric(value), numeric(value), textFrom(recordFrom(result).text));
    else if (one.type === "range") add(numberFrom(options.from), numberFrom(options.to), textFrom(recordFrom(options.result).text));
    // No value is a dash here anyway.
    else if (one.type === "special" && /null|nan/.test(textFrom(options.match))) continue;
    else lost = true;
  }
  for (const one of listFrom(panel.valueMaps)) if (textFrom(one.value) !== "null") add(numeric(one.value), numeric(one.value), textFrom(one.text));
  return { mappings, lost };
}

function numeric(value: unknown): number | null {
  return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : numberFrom(value);
}
