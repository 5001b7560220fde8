// Owns the view state of a waterfall: what is collapsed, where the cursor is, which span is open, which part of the time
// is shown, what is searched. Everything but the collapsed set and the cursor is in the address. Never draws.
import { useDeferredValue, useMemo, useState } from "react";
import { isFull, readWindow, windowAround, writeWindow, type TimeWindow } from "../layout/timeWindow";
import { findFolds, shownFor, unfoldedFor, type FoldState } from "../model/siblingFolds";
import { nextMatch, searchTrace } from "../model/traceSearch";
import { spanIdOf, type TraceTree } from "../model/traceTree";
import { collapseAll, collapseFromDepth, openDepth, revealed, rowOfNode, toggled, visibleNodes } from "../model/visibleRows";
import { useAttributeMatches } from "../api/spanQueries";
import { readHidden, shownSpans, writeHidden } from "../model/shownSpans";
import { setParameters, useParameter } from "../router";
import { useLaggedParameter } from "./useLaggedParameter";
import { useSpanColouring } from "./useSpanColouring";

/** A span's id; a span whose id was already used also says which one it is. */
export function nodeText(tree: TraceTree, node: number): string {
  return tree.repeatedNodes.has(node) ? `${spanIdOf(tree, node)}@${node}` : spanIdOf(tree, node);
}

function nodeFromText(tree: TraceTree, text: string | null): number | null {
  if (!text) return null;
  const [spanId, index] = text.split("@");
  if (index !== undefined && tree.repeatedNodes.has(Number(index))) return Number(index);
  const node = tree.nodeBySpanId.get(spanId.toLowerCase());
  if (node !== undefined) return node;
  const missing = tree.missingIds.indexOf(spanId.toLowerCase());
  return missing === -1 ? null : tree.spans.count + missing;
}

interface Reveal {
  node: number;
  at: "auto" | "start";
}

function firstStartingIn(tree: TraceTree, rows: Int32Array, window: TimeWindow): number | undefined {
  return rows.find((node) => tree.startOf[node] >= window.startNs && tree.startOf[node] <= window.endNs);
}

/** A link to a span shows its row; a link to a part of the time shows the rows of that part. */
function firstReveal(tree: TraceTree, foldState: FoldState | null, open: number | null, zoomText: string | null): Reveal | null {
  if (open !== null) return { node: open, at: "auto" };
  if (zoomText === null) return null;
  const node = firstStartingIn(tree, tree.order, readWindow(zoomText, tree.totalNs));
  return node === undefined ? null : { node: shownFor(tree, foldState, node), at: "start" };
}

/** The same spans in another tree of the trace, one that has grown; those that are not in it are left out. */
function inTree(before: TraceTree, tree: TraceTree, nodes: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set<number>();
  for (const one of nodes) {
    const node = nodeFromText(tree, nodeText(before, one));
    if (node !== null) found.add(node);
  }
  return found;
}

/** `critical`: the spans of the critical path while it is shown. */
export function useWaterfall(tree: TraceTree, critical: ReadonlyMap<number, unknown> | null) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set());
  const [openText, setOpenText] = useLaggedParameter("span");
  const [zoomText, setZoomText] = useLaggedParameter("zoom");
  const [query, setQuery] = useLaggedParameter("q");
  const [logText, setLogText] = useLaggedParameter("log");
  const open = useMemo(() => nodeFromText(tree, openText), [tree, openText]);
  const [foldText, setFoldText] = useParameter("fold");
  const folds = useMemo(() => findFolds(tree), [tree]);
  const [linked] = useState(() => open ?? nodeFromText(tree, logText?.split(".")[0] ?? null));
  // A span that an address opens has its row, also where it repeats others.
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(() => (linked === null ? new Set<number>() : unfoldedFor(tree, { folds, unfolded: new Set() }, linked)));
  const [onlyText, setOnlyText] = useParameter("only");
  const [hiddenText, setHiddenText] = useParameter("hide");
  // What is picked out of a fold is shown by itself.
  const isFolding = foldText !== "off" && folds.members.size > 0 && onlyText !== "on";
  const foldState = useMemo(() => (isFolding ? { folds, unfolded } : null), [isFolding, folds, unfolded]);
  const [cursor, setCursorState] = useState<number | null>(open);
  /** A new object whenever a node must be brought into view. */
  const [reveal, setReveal] = useState<Reveal | null>(() => firstReveal(tree, foldState, linked, zoomText));

  // More of the trace arrived: what is open, closed and chosen stays with its spans.
  const [shownTree, setShownTree] = useState(tree);
  if (shownTree !== tree) {
    setShownTree(tree);
    setCollapsed(inTree(shownTree, tree, collapsed));
    setUnfolded(linked === null && open !== null && shownTree.isBeginning ? unfoldedFor(tree, { folds, unfolded: new Set() }, open) : inTree(shownTree, tree, unfolded));
    setCursorState(cursor === null ? open : nodeFromText(tree, nodeText(shownTree, cursor)));
    // What the address names may not have been among the first spans.
    if (shownTree.isBeginning && linked === null) setReveal(firstReveal(tree, foldState, open, zoomText));
  }

  const window: TimeWindow = useMemo(() => readWindow(zoomText, tree.totalNs), [zoomText, tree]);
  const searched = useDeferredValue(query ?? "");
  const attributes = useAttributeMatches(tree, searched);
  const matches = useMemo(() => searchTrace(tree, searched, attributes), [tree, searched, attributes]);
  const matching = useMemo(() => {
    if (searched.trim() === "") return null;
    const flags = new Uint8Array(tree.nodeCount);
    for (const node of matches) flags[node] = 1;
    return flags;
  }, [matches, searched, tree]);
  const colours = useSpanColouring(tree);
  const hidden = useMemo(() => readHidden(hiddenText), [hiddenText]);
  const isOnly = onlyText === "on";
  const shown = useMemo(() => shownSpans(tree, { matching: isOnly ? matching : null, onPath: isOnly ? critical : null, hidden }), [tree, isOnly, matching, critical, hidden]);
  const rows = useMemo(() => visibleNodes(tree, collapsed, foldState, shown?.kept ?? null), [tree, collapsed, foldState, shown]);
  const rowOf = useMemo(() => rowOfNode(rows, tree.nodeCount), [rows, tree]);

  const setWindow = (next: TimeWindow): void => setZoomText(isFull(next, tree.totalNs) ? null : writeWindow(next));

  const goTo = (node: number, andOpen = open !== null): void => {
    // Whoever goes to a span that is left out wants to see it.
    if (shown !== null && shown.kept[node] === 0) setParameters({ only: null, hide: null });
    setCollapsed((now) => revealed(tree, now, node));
    if (foldState) setUnfolded(unfoldedFor(tree, foldState, node));
    setCursorState(node);
    setReveal({ node, at: "auto" });
    if (andOpen) openSpan(node);
  };

  /** The panel shows a span or a log record, never both. */
  const openSpan = (node: number): void => {
    setOpenText(nodeText(tree, node));
    setLogText(null);
  };

  const changeCollapsed = (next: ReadonlySet<number>): void => {
    setCollapsed(next);
    // A cursor inside what has just been closed climbs to the row that is left.
    if (cursor === null) return;
    let shown = cursor;
    for (let parent = tree.parentOf[cursor]; parent !== -1; parent = tree.parentOf[parent]) if (next.has(parent)) shown = parent;
    if (shown !== cursor) setCursorState(shown);
  };

  return {
    tree, rows, rowOf, collapsed, foldState,
    foldedAway: folds.saved,
    toggleFolding: () => setFoldText(isFolding ? "off" : null),
    toggleFold: (leader: number) => {
      setUnfolded(toggled(unfolded, leader));
      if (unfolded.has(leader) && cursor !== null) setCursorState(leader);
    }, cursor, open, window, query: query ?? "", matches, matching, reveal, logText,
    hidden, isOnly, colours,
    /** Spans without a row because something else is wanted. */
    leftOut: shown?.left ?? 0,
    setHidden: (next: ReadonlySet<string>) => setHiddenText(writeHidden(next)),
    toggleOnly: () => setOnlyText(isOnly ? null : "on"),
    showAll: () => setParameters({ only: null, hide: null }),
    setQuery: (text: string) => setQuery(text === "" ? null : text),
    setWindow,
    /** From the overview: also goes to the first row that starts in the part chosen. */
    showWindow: (next: TimeWindow) => {
      setWindow(next);
      const node = firstStartingIn(tree, rows, next);
      if (node !== undefined) setReveal({ node, at: "start" });
    },
    zoomTo: (node: number) => setWindow(windowAround(tree.startOf[node], tree.endOf[node], tree.totalNs)),
    goTo,
    /** From the click on a row: it is in view already. */
    openNode: (node: number) => {
      setCursorState(node);
      openSpan(node);
    },
    openLog: (node: number, key: string) => {
      setCursorState(node);
      setOpenText(null);
      setLogText(key);
    },
    close: () => {
      setOpenText(null);
      setLogText(null);
    },
    moveBy: (step: number) => {
      const from = cursor === null ? -1 : rowOf[cursor];
      const to = Math.min(Math.max(from === -1 && cursor === null ? (step > 0 ? 0 : rows.length - 1) : from + step, 0), rows.length - 1);
      if (rows.length > 0) goTo(rows[to]);
    },
    goToMatch: (step: 1 | -1) => {
      // Who types fast presses Enter before the deferred search has caught up.
      const current = searched === (query ?? "") ? matches : searchTrace(tree, query ?? "", attributes);
      const index = nextMatch(tree, current, cursor, step);
      if (index !== -1) goTo(current[index]);
    },
    goToError: () => {
      for (let passed = 1; passed <= tree.nodeCount; passed++) {
        const from = cursor === null ? -1 : tree.positionOf[cursor];
        const node = tree.order[(from + passed + tree.nodeCount) % tree.nodeCount];
        if (node < tree.spans.count && tree.spans.errors[node] === 1) return goTo(node);
      }
    },
    toggle: (node: number) => tree.childCountOf[node] > 0 && changeCollapsed(toggled(collapsed, node)),
    collapseEverything: () => changeCollapsed(collapseAll(tree)),
    expandEverything: () => changeCollapsed(new Set()),
    changeLevel: (step: 1 | -1) => {
      const level = Math.min(Math.max(openDepth(tree, collapsed) + step, 0), tree.deepest);
      changeCollapsed(collapseFromDepth(tree, level));
    },
  };
}

export type Waterfall = ReturnType<typeof useWaterfall>;
