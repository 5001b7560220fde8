// Owns what the name of a row of the waterfall says, from left to right: signs that few rows have, the service where it is
// another than the parent's, the operation. Both who paints it and who writes it as an element ask here. Never places it.
import { formatCount } from "./numbers";
import { clockSkew } from "./clockSkew";
import { isFoldRow, type FoldState } from "./siblingFolds";
import { isMissing, spanIdOf, type TraceTree } from "./traceTree";
import { texts } from "../texts";

export type NameIcon = "error" | "errorBelow" | "clock";
export type NameSign = { icon: NameIcon } | { text: string };

/** A row has few signs; most have none. */
export interface RowName {
  /** How many spans are below a row that is closed. */
  closedCount: string | null;
  signs: readonly NameSign[];
  fold: { text: string; isFolded: boolean } | null;
  /** Null where it is the parent's. */
  service: string | null;
  operation: string;
  tone: "plain" | "error" | "missing";
  events: number;
}

const NONE: readonly never[] = [];

export function operationOf(tree: TraceTree, node: number): string {
  return isMissing(tree, node) ? `${texts.trace.missingParent} ${spanIdOf(tree, node).slice(0, 8)}` : tree.spans.names[node] || texts.trace.unnamed;
}

/** What is said of a service in the row; null where the parent has said it, or nobody knows. */
export function serviceOf(tree: TraceTree, node: number): string | null {
  if (isMissing(tree, node)) return null;
  const { services, serviceOf } = tree.spans;
  const parent = tree.parentOf[node];
  if (parent !== -1 && !isMissing(tree, parent) && serviceOf[parent] === serviceOf[node]) return null;
  return services[serviceOf[node]] || texts.trace.noService;
}

export function foldText(members: readonly number[]): string {
  return `×${formatCount(members.length)}`;
}

export function rowName(tree: TraceTree, foldState: FoldState | null, node: number, isClosed: boolean): RowName {
  const missing = isMissing(tree, node);
  const isFold = isFoldRow(foldState, node);
  const failed = !missing && tree.spans.errors[node] === 1;
  const members = foldState?.folds.members.get(node);
  const signs: NameSign[] = [];
  if (failed) signs.push({ icon: "error" });
  else if (isClosed && tree.errorsBelow[node] > 0) signs.push({ icon: "errorBelow" });
  if (tree.cycleHeads.has(node)) signs.push({ text: "↻" });
  if (tree.repeatedNodes.has(node)) signs.push({ text: "=" });
  if (clockSkew(tree, node)) signs.push({ icon: "clock" });
  return {
    closedCount: isClosed && !isFold && tree.childCountOf[node] > 0 ? formatCount(tree.descendantsOf[node]) : null,
    signs: signs.length === 0 ? NONE : signs,
    fold: members ? { text: foldText(members), isFolded: isFold } : null,
    service: serviceOf(tree, node),
    operation: operationOf(tree, node),
    tone: missing ? "missing" : failed ? "error" : "plain",
    events: missing ? 0 : tree.spans.eventCounts[node],
  };
}
