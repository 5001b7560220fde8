// Owns the search inside a trace over what the skeleton holds: names, services, kinds, ids, durations, errors.
// Attributes are not in the skeleton: spans that have them are found elsewhere (model/attributeSearch) and handed in. Never scrolls.
import { attributeWord } from "./attributeSearch";
import { parseDuration } from "./duration";
import { splitWords } from "./searchWords";
import { isMissing, spanIdOf, type TraceTree } from "./traceTree";

type Test = (tree: TraceTree, node: number) => boolean;

/** Flags of nodes by the word that asked for an attribute; a word that is not answered yet finds nothing. */
export type AttributeMatches = ReadonlyMap<string, Uint8Array>;

const NO_ATTRIBUTES: AttributeMatches = new Map();

/** Words are ANDed; `-word` excludes; `"two words"` is one; `service=cart` (contains), `name=="GET /"` (exactly), `status=error`, `duration>10ms`, `http.route=/cart`. */
export function compileSearch(text: string, attributes: AttributeMatches = NO_ATTRIBUTES): Test | null {
  const tests = splitWords(text).map((word) => compileWord(word, attributes));
  if (tests.length === 0) return null;
  return (tree, node) => tests.every((test) => test(tree, node));
}

function compileWord(word: string, attributes: AttributeMatches): Test {
  if (word.startsWith("-") && word.length > 1) {
    const inner = compileWord(word.slice(1), attributes);
    return (tree, node) => !inner(tree, node);
  }
  const duration = /^duration\s*([<>])=?(.+)$/i.exec(word);
  const bound = duration ? parseDuration(duration[2]) : null;
  if (duration && bound !== null) {
    const more = duration[1] === ">";
    return (tree, node) => {
      const taken = tree.endOf[node] - tree.startOf[node];
      return more ? taken >= bound : taken <= bound;
    };
  }
  const field = /^(service|name|kind|status|id|events|logs)[=:](.*)$/i.exec(word);
  if (field) return compileField(field[1].toLowerCase(), field[2].toLowerCase());
  const attribute = attributeWord(word);
  if (attribute) {
    const found = attributes.get(attribute.text);
    return (_, node) => found?.[node] === 1;
  }
  const wanted = unquote(word).toLowerCase();
  return (tree, node) => anyText(tree, node).some((candidate) => candidate.toLowerCase().includes(wanted));
}

function compileField(field: string, text: string): Test {
  const isExact = text.startsWith("=");
  const wanted = unquote(isExact ? text.slice(1) : text);
  const contains = (value: string): boolean => (isExact ? value.toLowerCase() === wanted : value.toLowerCase().includes(wanted));
  return (tree, node) => {
    if (field === "id") return spanIdOf(tree, node).startsWith(wanted);
    if (isMissing(tree, node)) return false;
    const { spans } = tree;
    switch (field) {
      case "service":
        return contains(spans.services[spans.serviceOf[node]]);
      case "name":
        return contains(spans.names[node]);
      case "kind":
        return spans.kinds[node] === wanted;
      case "status":
        return (wanted === "error") === (spans.errors[node] === 1);
      case "events":
        return wanted === "0" ? spans.eventCounts[node] === 0 : spans.eventCounts[node] > 0;
      default:
        return wanted === "0" ? spans.logCounts[node] === 0 : spans.logCounts[node] > 0;
    }
  };
}

function anyText(tree: TraceTree, node: number): string[] {
  if (isMissing(tree, node)) return [spanIdOf(tree, node)];
  const { spans } = tree;
  return [spans.names[node], spans.services[spans.serviceOf[node]], spanIdOf(tree, node)];
}

function unquote(text: string): string {
  return text.replace(/^"|"$/g, "");
}

/** Matching nodes in the order of their rows when everything is open. */
export function searchTrace(tree: TraceTree, text: string, attributes: AttributeMatches = NO_ATTRIBUTES): Int32Array {
  const test = compileSearch(text, attributes);
  if (!test) return new Int32Array(0);
  return tree.order.filter((node) => test(tree, node));
}

/** Position in `matches` of the first one after (or before) the given node, wrapping round. */
export function nextMatch(tree: TraceTree, matches: Int32Array, fromNode: number | null, step: 1 | -1): number {
  if (matches.length === 0) return -1;
  if (fromNode === null) return step === 1 ? 0 : matches.length - 1;
  const from = tree.positionOf[fromNode];
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tree.positionOf[matches[middle]] < from) low = middle + 1;
    else high = middle;
  }
  if (step === -1) return (low - 1 + matches.length) % matches.length;
  return matches[low] === fromNode ? (low + 1) % matches.length : low % matches.length;
}
