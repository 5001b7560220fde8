// Owns what each key does in the waterfall. The list shown to people is in texts.help.
import { panBy, zoomAt, fullWindow } from "../layout/timeWindow";
import { isFoldRow } from "../model/siblingFolds";
import { useShortcuts } from "./useShortcuts";
import type { Waterfall } from "./useWaterfall";

interface KeyTargets {
  focusSearch: () => void;
  toggleCritical: () => void;
  toggleLogs: () => void;
  rowsPerPage: () => number;
}

export function useWaterfallKeys(waterfall: Waterfall, targets: KeyTargets): void {
  const { tree, collapsed, cursor, window } = waterfall;
  const zoom = (factor: number) => () => waterfall.setWindow(zoomAt(window, 0.5, factor, tree.totalNs));
  const pan = (share: number) => () => waterfall.setWindow(panBy(window, share, tree.totalNs));
  const isOpenBranch = (node: number): boolean => tree.childCountOf[node] > 0 && !collapsed.has(node);
  const collapse = (): void => {
    if (cursor === null) return;
    if (isOpenBranch(cursor)) waterfall.toggle(cursor);
    else if (tree.parentOf[cursor] !== -1) waterfall.goTo(tree.parentOf[cursor]);
  };
  const expand = (): void => {
    if (cursor === null) return;
    if (isFoldRow(waterfall.foldState, cursor)) return waterfall.toggleFold(cursor);
    if (tree.childCountOf[cursor] === 0) return;
    if (collapsed.has(cursor)) waterfall.toggle(cursor);
    else waterfall.moveBy(1);
  };
  useShortcuts({
    j: () => waterfall.moveBy(1),
    ArrowDown: () => waterfall.moveBy(1),
    k: () => waterfall.moveBy(-1),
    ArrowUp: () => waterfall.moveBy(-1),
    PageDown: () => waterfall.moveBy(targets.rowsPerPage()),
    PageUp: () => waterfall.moveBy(-targets.rowsPerPage()),
    Home: () => tree.nodeCount > 0 && waterfall.moveBy(-tree.nodeCount),
    End: () => waterfall.moveBy(tree.nodeCount),
    ArrowLeft: collapse,
    ArrowRight: expand,
    "[": () => cursor !== null && isOpenBranch(cursor) && waterfall.toggle(cursor),
    "]": () => cursor !== null && collapsed.has(cursor) && waterfall.toggle(cursor),
    f: waterfall.toggleFolding,
    x: () => cursor !== null && (waterfall.foldState?.folds.members.has(cursor) ?? false) && waterfall.toggleFold(cursor),
    "{": () => waterfall.changeLevel(-1),
    "}": () => waterfall.changeLevel(1),
    Enter: () => cursor !== null && waterfall.openNode(cursor),
    Escape: () => {
      if (waterfall.open !== null || waterfall.logText !== null) waterfall.close();
      else if (waterfall.query !== "") waterfall.setQuery("");
    },
    z: () => cursor !== null && waterfall.zoomTo(cursor),
    "+": zoom(0.6),
    "=": zoom(0.6),
    "-": zoom(1 / 0.6),
    a: pan(-0.25),
    d: pan(0.25),
    A: pan(-0.75),
    D: pan(0.75),
    "0": () => waterfall.setWindow(fullWindow(tree.totalNs)),
    "/": targets.focusSearch,
    n: () => waterfall.goToMatch(1),
    N: () => waterfall.goToMatch(-1),
    c: targets.toggleCritical,
    o: waterfall.toggleOnly,
    l: targets.toggleLogs,
    e: waterfall.goToError,
  });
}
