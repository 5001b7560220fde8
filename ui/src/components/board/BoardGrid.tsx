// Owns laying panels on the page, and moving and resizing them by pointer and keys while editing. Where they may lie is
// decided in layout/boardGrid; what is in them is the caller's.
import { useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { boxOf, GAP_PX, gridHeight, narrowed, placed, ROW_PX, withoutClosed } from "../../layout/boardGrid";
import { GRID_COLUMNS, type Panel, type Place } from "../../model/board";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { useElementWidth } from "../useElementWidth";
import { useNarrow } from "../useNarrow";

interface BoardGridProps {
  panels: readonly Panel[];
  isEditing: boolean;
  onPlace: (panels: Panel[]) => void;
  onTitle: (id: string, title: string) => void;
  onRemove: (id: string) => void;
  onEdit: (id: string) => void;
  draw: (panel: Panel) => ReactNode;
}

interface Drag {
  id: string;
  how: "move" | "resize";
  startX: number;
  startY: number;
  from: Place;
  place: Place;
}

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function BoardGrid({ panels, isEditing, onPlace, onTitle, onRemove, onEdit, draw }: BoardGridProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useElementWidth(holder);
  const isNarrow = useNarrow();
  const [drag, setDrag] = useState<Drag | null>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => {
    const moved = drag ? placed(panels, drag.id, drag.place) : [...panels];
    const open = isEditing ? moved : withoutClosed(moved, closed);
    return isNarrow ? narrowed(open) : open;
  }, [panels, drag, isEditing, closed, isNarrow]);
  const canMove = isEditing && !isNarrow;
  const column = (width + GAP_PX) / GRID_COLUMNS;

  const begin = (panel: Panel, how: Drag["how"]) => (down: PointerEvent<HTMLElement>): void => {
    if (down.button !== 0 || !canMove) return;
    down.preventDefault();
    down.currentTarget.setPointerCapture(down.pointerId);
    const from = { x: panel.x, y: panel.y, w: panel.w, h: panel.h };
    setDrag({ id: panel.id, how, startX: down.clientX, startY: down.clientY, from, place: from });
  };
  const move = (moved: PointerEvent<HTMLElement>): void => {
    if (!drag) return;
    const [columns, rows] = [(moved.clientX - drag.startX) / column, (moved.clientY - drag.startY) / (ROW_PX + GAP_PX)];
    const { from } = drag;
    setDrag({ ...drag, place: drag.how === "move" ? { ...from, x: from.x + Math.round(columns), y: from.y + Math.round(rows) } : { ...from, w: Math.min(from.w + Math.round(columns), GRID_COLUMNS - from.x), h: from.h + Math.round(rows) } });
  };
  const end = (): void => {
    if (drag) onPlace(placed(panels, drag.id, drag.place));
    setDrag(null);
  };
  const onKey = (panel: Panel) => (press: KeyboardEvent<HTMLElement>): void => {
    if (!isEditing || press.target !== press.currentTarget || press.ctrlKey || press.metaKey || press.altKey) return;
    const step = STEPS[press.key];
    if (step && canMove) onPlace(placed(panels, panel.id, press.shiftKey ? { w: Math.min(panel.w + step[0], GRID_COLUMNS - panel.x), h: panel.h + step[1] } : { x: panel.x + step[0], y: step[1] > 0 ? panel.y + nextBelow(panels, panel) : panel.y + step[1] }));
    else if (press.key === "Delete") onRemove(panel.id);
    else if (press.key === "Enter" && panel.kind !== "row") onEdit(panel.id);
    else return;
    press.preventDefault();
    press.stopPropagation();
  };
  const handlers = { onPointerMove: move, onPointerUp: end, onPointerCancel: () => setDrag(null) };
  return (
    <div className="board-grid" ref={holder} data-editing={isEditing || undefined} style={{ height: gridHeight(shown) }}>
      {width > 0 && shown.map((panel) => {
        const box = boxOf(panel, width);
        return (
          <div key={panel.id} className="board-cell" tabIndex={isEditing ? 0 : undefined} role={isEditing ? "group" : undefined} aria-label={isEditing ? `${panel.title} · ${texts.boards.movePanel}` : undefined} data-dragged={drag?.id === panel.id || undefined} style={{ transform: `translate(${box.left}px, ${box.top}px)`, width: box.width, height: box.height }} onKeyDown={onKey(panel)}>
            {panel.kind === "row" ? (
              <RowHead panel={panel} isClosed={closed.has(panel.id)} isEditing={isEditing} onToggle={() => setClosed((before) => (before.has(panel.id) ? new Set([...before].filter((id) => id !== panel.id)) : new Set([...before, panel.id])))} onTitle={(title) => onTitle(panel.id, title)} onRemove={() => onRemove(panel.id)} />
            ) : draw(panel)}
            {canMove && <span className="move-handle" title={texts.boards.movePanel} onPointerDown={begin(panel, "move")} {...handlers}><Icon name="move" size={13} /></span>}
            {canMove && panel.kind !== "row" && <span className="resize-handle" title={texts.boards.resizePanel} onPointerDown={begin(panel, "resize")} {...handlers} />}
          </div>
        );
      })}
    </div>
  );
}

/** How far down a panel has to go to change places with what lies below it: less would only let it fall up again. */
function nextBelow(panels: readonly Panel[], panel: Panel): number {
  const below = panels.filter((other) => other.y >= panel.y + panel.h && other.x < panel.x + panel.w && panel.x < other.x + other.w);
  const nearest = below.reduce<Panel | null>((best, other) => (best === null || other.y < best.y ? other : best), null);
  return nearest ? nearest.y + nearest.h - panel.y - panel.h + (nearest.y === panel.y + panel.h ? panel.h : 0) : 1;
}

interface RowHeadProps {
  panel: Panel;
  isClosed: boolean;
  isEditing: boolean;
  onToggle: () => void;
  onTitle: (title: string) => void;
  onRemove: () => void;
}

function RowHead({ panel, isClosed, isEditing, onToggle, onTitle, onRemove }: RowHeadProps) {
  const [title, setTitle] = useState(panel.title);
  useLayoutEffect(() => setTitle(panel.title), [panel.title]);
  if (isEditing) {
    return (
      <div className="board-row">
        <input aria-label={texts.boards.panelTitle} value={title} onChange={(change) => setTitle(change.target.value)} onBlur={() => onTitle(title)} />
        <button type="button" className="icon-button" aria-label={texts.boards.removePanel} title={texts.boards.removePanel} onClick={onRemove}><Icon name="bin" size={14} /></button>
      </div>
    );
  }
  return (
    <button type="button" className="board-row" aria-expanded={!isClosed} onClick={onToggle}>
      <Icon name={isClosed ? "chevron" : "down"} size={14} />
      <strong>{panel.title}</strong>
    </button>
  );
}
