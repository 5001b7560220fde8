// Guarantees: completion knows from what stands before the cursor whether a name, label, value or duration is wanted.
import { expect, it } from "vitest";
import { fittingAt } from "./promCompletion";

/** `|` is the cursor. */
const at = (text: string) => fittingAt(text.replace("|", ""), text.indexOf("|"));

it.each([
  ["|", { kind: "expression", from: 0 }],
  ["sum(ra|", { kind: "expression", from: 4 }],
  ["rate(http_x{|", { kind: "label", from: 12, selector: "http_x" }],
  ['rate(http_x{a="b", ro|', { kind: "label", from: 19, selector: 'http_x{a="b"}' }],
  ['x{job="|', { kind: "value", from: 7, label: "job", selector: "x" }],
  ['x{a="b",job=~"fro|', { kind: "value", from: 14, label: "job", selector: 'x{a="b"}' }],
  ['{job="|"}', { kind: "value", from: 6, label: "job", selector: null }],
  ["rate(x[5|", { kind: "duration", from: 7 }],
  ["rate(x[$__r|", { kind: "duration", from: 7 }],
  ["sum by (|) (rate(x_total[5m]))", { kind: "label", from: 8, selector: "x_total" }],
  ["sum by (job, ro|) (rate(x_total[5m]))", { kind: "label", from: 13, selector: "x_total" }],
  ['x{a="b"|', { kind: "nothing" }],
  ['label_replace(x, "|', { kind: "nothing" }],
  ["x # sum(|", { kind: "nothing" }],
  ["10|", { kind: "nothing" }],
  ["a / b|", { kind: "expression", from: 4 }],
])("at %s", (text, fitting) => expect(at(text)).toEqual(fitting));
