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

interface Group {
  service: number;
  kind: string;
  nodes: number[];
}

export function findFolds(tree: TraceTree): SiblingFolds {
  const leaderOf = new Int32Array(tree.nodeCount).fill(-1);
  const members = new Map<number, number[]>();
  let saved = 0;
  for (const parent of tree.order) {
    if (tree.childCountOf[parent] < FOLD_LEAST) continue;
    for (const { nodes } of alikeChildren(tree, parent)) {
      if (nodes.length < FOLD_LEAST) continue;
      members.set(nodes[0], nodes);
      for (const node of nodes) {
        leaderOf[node] = nodes[0];
        saved += tree.descendantsOf[node] + 1;
      }
      saved--;
    }
  }
  return { leaderOf, members, saved };
}

/** By name first, because making a text of all three for a million spans would take longer than drawing them. */
function alikeChildren(tree: TraceTree, parent: number): Group[] {
  const { spans } = tree;
  const byName = new Map<string, Group[]>();
  const all: Group[] = [];
  const last = tree.positionOf[parent] + tree.descendantsOf[parent];
  for (let position = tree.positionOf[parent] + 1; position <= last; ) {
    const node = tree.order[position];
    position += tree.descendantsOf[node] + 1;
    if (!mayFold(tree, node)) continue;
    const [service, kind, name] = [spans.serviceOf[node], spans.kinds[node], spans.names[node]];
    let groups = byName.get(name);
    if (!groups) byName.set(name, (groups = []));
    let group = groups.find((one) => one.service === service && one.kind === kind);
    if (!group) {
      group = { service, kind, nodes: [] };
      groups.push(group);
      all.push(group);
    }
    group.nodes.push(node);
  }
  return all;
}

function mayFold(tree: TraceTree, node: number): boolean {
  return !isMissing(tree, node) && tree.spans.errors[node] === 0 && tree.errorsBelow[node] === 0;
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

/** A fold may have 100,000 members, and is drawn at each step of a zoom. */
const figuresOf = new WeakMap<readonly number[], FoldFigures>();

export function foldFigures(tree: TraceTree, members: readonly number[]): FoldFigures {
  let figures = figuresOf.get(members);
  if (!figures) figuresOf.set(members, (figures = computeFigures(tree, members)));
  return figures;
}

function computeFigures(tree: TraceTree, members: readonly number[]): FoldFigures {
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
