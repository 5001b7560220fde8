// Owns the heatmap over the list: durations over time, the numbers of the cell under the pointer, and brushing a region
// by pointer or key. Never fetches, and never knows what becomes of the region.
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import {
  cellAt, countsIn, regionBetween, selectionBox, selectionOf, type CellCounts, type CellPlace, type CellRegion, type Heatmap, type HeatBox,
} from "../layout/heatmap";
import type { HeatSelection } from "../model/heatSelection";
import { paintHeatmap } from "../paint/heatmapCanvas";
import { texts } from "../texts";
import { useTheme } from "../theme";

/** Of both pictures of durations, so that changing between them moves nothing. */
export const PICTURE_HEIGHT = 128;
export const HEAT_PADDING = { left: 58, right: 14, top: 8, bottom: 20 };

export interface RegionCounts extends CellCounts {
  selection: HeatSelection;
}

interface TraceHeatmapProps {
  heatmap: Heatmap;
  width: number;
  selection: HeatSelection | null;
  onSelect: (selection: HeatSelection | null) => void;
  /** The cell under the pointer, or the region that is being brushed. */
  onPoint: (counts: RegionCounts | null) => void;
  onNarrow: () => void;
  onDiffer: () => void;
}

const STEPS: Record<string, [column: number, row: number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function TraceHeatmap({ heatmap, width, selection, onSelect, onPoint, onNarrow, onDiffer }: TraceHeatmapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const [region, setRegion] = useState<CellRegion | null>(null);
  // Where the drag or the moving by key began.
  const [anchor, setAnchor] = useState<CellPlace | null>(null);
  const [isDragging, setIsDragging] = useState(false);
  const box: HeatBox = { width, height: PICTURE_HEIGHT, padding: HEAT_PADDING };
  useEffect(() => {
    if (!canvas.current || width === 0) return;
    const frame: HeatBox = { width, height: PICTURE_HEIGHT, padding: HEAT_PADDING };
    const boxOf = (one: CellRegion | null) => one && selectionBox(selectionOf(heatmap, one), heatmap, frame);
    const marked = isDragging ? boxOf(region) : selection && !selection.onlyErrors ? selectionBox(selection, heatmap, frame) : null;
    paintHeatmap(canvas.current, heatmap, frame, marked, isDragging ? null : boxOf(region));
  }, [heatmap, width, selection, region, isDragging, theme]);

  const point = (next: CellRegion | null): void => {
    setRegion(next);
    onPoint(next && { selection: selectionOf(heatmap, next), ...countsIn(heatmap, next) });
  };
  const placeOf = (pointer: PointerEvent<HTMLCanvasElement>): CellPlace => {
    const bounds = pointer.currentTarget.getBoundingClientRect();
    return cellAt(heatmap, box, pointer.clientX - bounds.left, pointer.clientY - bounds.top);
  };
  const select = (chosen: CellRegion): void => onSelect(selectionOf(heatmap, chosen));
  const onKeyDown = (press: KeyboardEvent): void => {
    const step = STEPS[press.key];
    if (press.ctrlKey || press.metaKey || press.altKey) return;
    if (step) {
      const at = region?.to ?? { column: heatmap.columns - 1, row: Math.floor(heatmap.rows / 2) };
      const corner = press.shiftKey && region && anchor ? farCorner(region, anchor) : at;
      const place = { column: clamp(corner.column + step[0], heatmap.columns), row: clamp(corner.row + step[1], heatmap.rows) };
      const from = press.shiftKey ? (anchor ?? place) : place;
      setAnchor(from);
      const next = regionBetween(from, place);
      point(next);
      if (press.shiftKey) select(next);
    } else if (press.key === "Enter" && selection) onNarrow();
    else if (press.key === "Enter" && region) select(region);
    else if (press.key === "d" && selection) onDiffer();
    else if (press.key === "Escape" && selection) onSelect(null);
    else return;
    press.preventDefault();
    press.stopPropagation();
  };
  return (
    <canvas
      ref={canvas}
      className="heat-canvas"
      tabIndex={0}
      role="application"
      aria-label={texts.explore.heatLabel}
      aria-description={texts.explore.heatHint}
      onPointerDown={(down) => {
        if (down.button !== 0) return;
        down.currentTarget.setPointerCapture(down.pointerId);
        const place = placeOf(down);
        setAnchor(place);
        setIsDragging(true);
        point(regionBetween(place, place));
      }}
      onPointerMove={(move) => {
        const place = placeOf(move);
        point(regionBetween(isDragging && anchor ? anchor : place, place));
      }}
      onPointerUp={(up) => {
        if (!isDragging || !anchor) return;
        setIsDragging(false);
        select(regionBetween(anchor, placeOf(up)));
      }}
      onPointerCancel={() => setIsDragging(false)}
      onPointerLeave={() => !isDragging && point(null)}
      onBlur={() => point(null)}
      onKeyDown={onKeyDown}
    />
  );
}

const clamp = (value: number, count: number): number => Math.min(Math.max(value, 0), count - 1);

/** Of the region's corners the one that moves: that which the other side began from stays. */
function farCorner({ from, to }: CellRegion, anchor: CellPlace): CellPlace {
  return { column: anchor.column === from.column ? to.column : from.column, row: anchor.row === from.row ? to.row : from.row };
}
