// Owns which siblings repeat each other so often that one row says it: the same service, operation and kind under one
// parent. What failed, or hides a failure below, is never folded away. Never draws; linear in the number of spans.
import { isMissing, type TraceTree } from "./traceTree";

/** Fewer are read faster than a fold is opened. */
export const FOLD_LEAST = 5;

export interface SiblingFolds {
  /** The first of its fold for every member, itself included; -1 for nodes in none. */
  leaderOf: Int32Array;
  /** By leader, in order from top to bottom. */
  members: ReadonlyMap<number, readonly number[]>;
  /** Rows that folding all of them saves. */
  saved: number;
}

export interface FoldState {
  folds: SiblingFolds;
  unfolded: ReadonlySet<number>;
}

export function findFolds(tree: TraceTree): SiblingFolds {
  const byParent = new Map<number, Map<string, number[]>>();
  for (const node of tree.order) {
    const parent = tree.parentOf[node];
    if (parent === -1 || tree.childCountOf[parent] < FOLD_LEAST || !mayFold(tree, node)) continue;
    let groups = byParent.get(parent);
    if (!groups) byParent.set(parent, (groups = new Map()));
    const key = `${tree.spans.serviceOf[node]} ${tree.spans.kinds[node]} ${tree.spans.names[node]}`;
    const group = groups.get(key);
    if (group) group.push(node);
    else groups.set(key, [node]);
  }
  return fromGroups(tree, byParent);
}

function mayFold(tree: TraceTree, node: number): boolean {
  return !isMissing(tree, node) && tree.spans.errors[node] === 0 && tree.errorsBelow[node] === 0;
}

function fromGroups(tree: TraceTree, byParent: Map<number, Map<string, number[]>>): SiblingFolds {
  const leaderOf = new Int32Array(tree.nodeCount).fill(-1);
  const members = new Map<number, number[]>();
  let saved = 0;
  for (const groups of byParent.values()) {
    for (const group of groups.values()) {
      if (group.length < FOLD_LEAST) continue;
      members.set(group[0], group);
      for (const node of group) {
        leaderOf[node] = group[0];
        saved += tree.descendantsOf[node] + 1;
      }
      saved--;
    }
  }
  return { leaderOf, members, saved };
}

/** Whether the row of this node stands for its whole fold. */
export function isFoldRow(state: FoldState | null, node: number): boolean {
  return state !== null && state.folds.leaderOf[node] === node && !state.unfolded.has(node);
}

/** The same set with every fold opened that hides `node`; being the leader of a fold is not being hidden by it. */
export function unfoldedFor(tree: TraceTree, { folds, unfolded }: FoldState, node: number): ReadonlySet<number> {
  let next: Set<number> | null = null;
  for (let at = node; at !== -1; at = tree.parentOf[at]) {
    const leader = folds.leaderOf[at];
    if (leader === -1 || unfolded.has(leader) || (at === node && leader === node)) continue;
    next ??= new Set(unfolded);
    next.add(leader);
  }
  return next ?? unfolded;
}

export interface FoldFigures {
  count: number;
  totalNs: number;
  medianNs: number;
  longestNs: number;
}

export function foldFigures(tree: TraceTree, members: readonly number[]): FoldFigures {
  const durations = members.map((node) => tree.endOf[node] - tree.startOf[node]).sort((a, b) => a - b);
  return {
    count: members.length,
    totalNs: durations.reduce((sum, duration) => sum + duration, 0),
    medianNs: durations[durations.length >> 1] ?? 0,
    longestNs: durations.at(-1) ?? 0,
  };
}

/** The node in whose row this one is shown: its own, or that of the outermost fold that holds it. */
export function shownFor(tree: TraceTree, state: FoldState | null, node: number): number {
  let shown = node;
  if (state === null) return shown;
  for (let at = node; at !== -1; at = tree.parentOf[at]) {
    const leader = state.folds.leaderOf[at];
    if (leader !== -1 && !state.unfolded.has(leader)) shown = leader;
  }
  return shown;
}
