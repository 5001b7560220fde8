// Owns dragging out a range on an element: 0..1 of its width, from press to release. Knows nothing of time.
import { useState, type PointerEvent } from "react";

export interface DraggedRange {
  from: number;
  to: number;
}

const LEAST_PIXELS = 4;

export function useDragRange(onDone: (range: DraggedRange) => void) {
  const [dragged, setDragged] = useState<DraggedRange | null>(null);
  const share = (pointer: PointerEvent<HTMLElement>): number => {
    const box = pointer.currentTarget.getBoundingClientRect();
    return Math.min(Math.max((pointer.clientX - box.left) / Math.max(box.width, 1), 0), 1);
  };
  return {
    dragged: dragged && { from: Math.min(dragged.from, dragged.to), to: Math.max(dragged.from, dragged.to) },
    start: (from: number) => setDragged({ from, to: from }),
    handlers: {
      onPointerDown: (down: PointerEvent<HTMLElement>) => {
        if (down.button !== 0) return;
        down.currentTarget.setPointerCapture(down.pointerId);
        const at = share(down);
        setDragged({ from: at, to: at });
      },
      onPointerMove: (move: PointerEvent<HTMLElement>) => {
        const at = share(move);
        setDragged((now) => now && { ...now, to: at });
      },
      onPointerUp: (up: PointerEvent<HTMLElement>) => {
        const width = up.currentTarget.getBoundingClientRect().width;
        setDragged(null);
        if (!dragged) return;
        const [from, to] = [Math.min(dragged.from, dragged.to), Math.max(dragged.from, dragged.to)];
        if ((to - from) * width >= LEAST_PIXELS) onDone({ from, to });
      },
      onPointerCancel: () => setDragged(null),
    },
  };
}
