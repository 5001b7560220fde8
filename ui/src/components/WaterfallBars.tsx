// Owns the canvases that lie over the rows of the waterfall, a block of rows each: painted when they come into view or
// something of them changes. They lie in what is scrolled, so that they move with the rows. Never takes a click.
import { useLayoutEffect, useMemo, useRef, type RefObject } from "react";
import { indentOf } from "../layout/bars";
import { foldPicture, spanPicture } from "../layout/rowPicture";
import { lineHeight, type WaterfallLines } from "../layout/waterfallLines";
import type { CriticalSegment } from "../model/criticalPath";
import type { EventMark } from "../model/eventMarks";
import { formatDuration } from "../model/duration";
import { foldFigures, isFoldRow } from "../model/siblingFolds";
import { sharedValue, type SpanColouring } from "../model/spanColour";
import { rowName } from "../model/rowName";
import { isMissing } from "../model/traceTree";
import { readPalette, readToken, type Palette } from "../paint/palette";
import type { NameColumn } from "../paint/rowNames";
import { paintWaterfall, type PaintedRow, type RowPill } from "../paint/waterfallCanvas";
import { useTheme } from "../theme";
import { texts } from "../texts";
import { useForcedColours } from "./useForcedColours";
import { useNarrow } from "./useNarrow";
import type { Waterfall } from "./useWaterfall";
import { ROW_INDENT, rowState } from "./WaterfallRow";

/** Everything that a painted row depends on: a new object when something of it changes. */
interface BarsLook {
  waterfall: Waterfall;
  lines: WaterfallLines;
  critical: Map<number, CriticalSegment[]> | null;
  marks: ReadonlyMap<number, EventMark[]>;
  pills: ReadonlyMap<number, RowPill>;
  width: number;
  nameWidth: number;
  isNarrow: boolean;
  /** The names are elements that are seen. */
  isForced: boolean;
  palette: Palette;
  colouring: SpanColouring;
  /** One a value of the colouring. */
  colours: readonly string[];
}

export type PaintedRows = Map<number, PaintedRow>;

interface WaterfallBarsProps extends Pick<BarsLook, "waterfall" | "lines" | "critical" | "marks" | "pills" | "width" | "nameWidth"> {
  /** Lines in the document. */
  first: number;
  last: number;
  topOf: (line: number) => number;
  /** What was painted last of each node: what lies under the pointer is looked up there. */
  painted: RefObject<PaintedRows>;
}

/** Lines of one canvas. A scroll paints only those that came into view, as a zoom paints all. */
const BLOCK_LINES = 8;

export function WaterfallBars({ waterfall, lines, critical, marks, pills, width, nameWidth, first, last, topOf, painted }: WaterfallBarsProps) {
  const { tree, window, foldState, matching, collapsed } = waterfall;
  const theme = useTheme();
  const isNarrow = useNarrow();
  const isForced = useForcedColours();
  // The tokens are read again when the theme has changed them.
  const palette: Palette = useMemo(() => ({ of: theme, ...readPalette() }), [theme]);
  const { colouring } = waterfall.colours;
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const colours = useMemo(() => colouring.tokens.map(readToken), [colouring, palette]);
  // What was searched is painted, but for the rows that are marked otherwise.
  const [cursorOfSearch, openOfSearch] = matching === null ? [null, null] : [waterfall.cursor, waterfall.open];
  const look = useMemo(
    (): BarsLook => ({ waterfall, lines, critical, marks, pills, width, nameWidth, isNarrow, isForced, palette, colouring, colours }),
    // The waterfall is a new object at every drawing; these are the parts of it that are painted.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [tree, window, foldState, matching, collapsed, lines, critical, marks, pills, width, nameWidth, isNarrow, isForced, palette, colouring, colours, cursorOfSearch, openOfSearch],
  );
  if (width === 0 || last < first) return null;
  // As many canvases at every place of the list: another one would be a new bitmap.
  const count = Math.ceil((last - first + 1) / BLOCK_LINES) + 1;
  const firstBlock = Math.max(0, Math.min(Math.floor(first / BLOCK_LINES), Math.ceil(lines.nodeOf.length / BLOCK_LINES) - count));
  const blocks = Array.from({ length: count }, (_, index) => firstBlock + index).filter((block) => block * BLOCK_LINES < lines.nodeOf.length);
  // In the order of their keys: none is ever moved in the document, as each lies where it says.
  blocks.sort((one, other) => (one % count) - (other % count));
  return blocks.map((block) => {
    const from = block * BLOCK_LINES;
    const to = Math.min(from + BLOCK_LINES, lines.nodeOf.length) - 1;
    const end = topOf(to) + lineHeight(lines, to);
    return <BarsBlock key={block % count} look={look} from={from} top={topOf(from)} height={end - topOf(from)} topOf={topOf} painted={painted} />;
  });
}

interface BarsBlockProps {
  look: BarsLook;
  from: number;
  top: number;
  height: number;
  topOf: (line: number) => number;
  painted: RefObject<PaintedRows>;
}

function BarsBlock({ look, from, top, height, topOf, painted }: BarsBlockProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const { lines, width, nameWidth, isNarrow, palette } = look;
    const known = painted.current;
    const nodes: number[] = [];
    const rows: PaintedRow[] = [];
    for (let line = from; line < Math.min(from + BLOCK_LINES, lines.nodeOf.length); line++) {
      if (lines.logOf !== null && lines.logOf[line] !== -1) continue;
      const row = paintedRow(look, lines.nodeOf[line], topOf(line) - top);
      rows.push(row);
      nodes.push(lines.nodeOf[line]);
      known.set(lines.nodeOf[line], row);
    }
    paintWaterfall(element, rows, { width, height, nameWidth, names: nameColumn(nameWidth, isNarrow), font: `11px ${palette.font}` }, palette);
    element.dataset.painted ??= "true";
    return () => nodes.forEach((node) => known.delete(node));
    // `topOf` is another function at every drawing; where lines begin changes with `look` alone.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [look, from, top, height]);
  return <canvas ref={canvas} className="waterfall-bars" aria-hidden="true" style={{ transform: `translateY(${top}px)`, width: look.width, height }} />;
}

/** Where names are written: as `.row-name` and `.row-counts` in styles/trace.css. */
function nameColumn(nameWidth: number, isNarrow: boolean): NameColumn {
  return isNarrow ? { from: 2, to: nameWidth - 4, toEvents: nameWidth - 4, right: 0 } : { from: 8, to: nameWidth - 6, toEvents: nameWidth - 38, right: nameWidth };
}

/** Of a fold's row those of all its members. */
export function segmentsOf({ foldState }: Waterfall, critical: Map<number, CriticalSegment[]> | null, node: number): CriticalSegment[] | undefined {
  if (critical === null || !isFoldRow(foldState, node)) return critical?.get(node);
  const segments = (foldState?.folds.members.get(node) ?? []).flatMap((member) => critical.get(member) ?? []);
  return segments.length === 0 ? undefined : segments;
}

function paintedRow({ waterfall, critical, marks, pills, width, nameWidth, colouring, colours, isNarrow, isForced }: BarsLook, node: number, top: number): PaintedRow {
  const { tree, window } = waterfall;
  const { foldState, isFold, isMatch, isSearched, isClosed, isCursor, isSelected } = rowState(waterfall, node);
  const missing = isMissing(tree, node);
  const segments = segmentsOf(waterfall, critical, node);
  const content = { tree, node, window, width: width - nameWidth, segments, marks: marks.get(node) };
  const members = isFold ? (foldState?.folds.members.get(node) ?? []) : [];
  return {
    top,
    indent: indentOf(tree.depthOf[node], ROW_INDENT, nameWidth * 0.45),
    isOpen: isFold || tree.childCountOf[node] === 0 ? null : !isClosed,
    colour: missing ? null : colours[isFold ? sharedValue(colouring, members) : colouring.valueOf[node]],
    isFailed: !missing && tree.spans.errors[node] === 1,
    isNegative: !missing && tree.spans.durations[node] < 0,
    isDim: (isSearched && !isMatch) || (critical !== null && !segments),
    isFold,
    picture: isFold ? foldPicture(content, members) : spanPicture(content),
    label: isFold ? foldLabel(waterfall, members, isNarrow) : formatDuration(missing ? tree.endOf[node] - tree.startOf[node] : tree.spans.durations[node]),
    logs: missing || isFold ? 0 : tree.spans.logCounts[node],
    pill: isFold ? null : (pills.get(node) ?? null),
    name: isForced ? null : rowName(tree, foldState, node, isClosed),
    isMarked: isMatch && !isCursor && !isSelected,
  };
}

function foldLabel({ tree }: Waterfall, members: readonly number[], isNarrow: boolean): string {
  const { totalNs, medianNs } = foldFigures(tree, members);
  return `${texts.trace.foldTotal(formatDuration(totalNs))}${isNarrow ? "" : texts.trace.foldMedian(formatDuration(medianNs))}`;
}
