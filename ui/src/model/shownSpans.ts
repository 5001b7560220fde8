// Owns which spans of a trace have rows when only some are wanted: those and what leads to them, so that each stands in its
// place. Never collapses, never draws.
import { isMissing, type TraceTree } from "./traceTree";

export interface Wanted {
  /** Spans that a search found; null where they are not all that is wanted. */
  matching: Uint8Array | null;
  /** Spans on the critical path; null as above. */
  onPath: ReadonlyMap<number, unknown> | null;
  /** Services whose spans are left out. */
  hidden: ReadonlySet<string>;
}

export interface ShownSpans {
  kept: Uint8Array;
  /** Spans without a row. */
  left: number;
}

/** Null where every span is shown. */
export function shownSpans(tree: TraceTree, { matching, onPath, hidden }: Wanted): ShownSpans | null {
  const hiddenServices = Uint8Array.from(tree.spans.services, (service) => (hidden.has(service) ? 1 : 0));
  const hidesAny = hiddenServices.includes(1);
  if (matching === null && onPath === null && !hidesAny) return null;
  const isWanted = (node: number): boolean =>
    (matching === null || matching[node] === 1) && (onPath === null || onPath.has(node)) && (isMissing(tree, node) ? !hidesAny : hiddenServices[tree.spans.serviceOf[node]] === 0);
  const kept = new Uint8Array(tree.nodeCount);
  let left = tree.nodeCount;
  // From the bottom: children come after their parents.
  for (let position = tree.nodeCount - 1; position >= 0; position--) {
    const node = tree.order[position];
    if (kept[node] === 0 && !isWanted(node)) continue;
    kept[node] = 1;
    left--;
    if (tree.parentOf[node] !== -1) kept[tree.parentOf[node]] = 1;
  }
  return { kept, left };
}

/** In the address: names by commas, which service names hold only when written so. */
export function readHidden(text: string | null): ReadonlySet<string> {
  return new Set((text ?? "").split(",").filter((name) => name !== "").map((name) => name.replaceAll("%2C", ",")));
}

export function writeHidden(hidden: ReadonlySet<string>): string | null {
  return hidden.size === 0 ? null : [...hidden].map((name) => name.replaceAll(",", "%2C")).join(",");
}
