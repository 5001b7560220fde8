// Owns looking round on the map: dragging, wheel, two fingers and keys. Where one looks is in the address; while it is
// not, the map is shown from its beginning.
import { useEffect, useRef, type PointerEvent, type RefObject } from "react";
import { firstView, fitView, readView, withInView, writeView, zoomAt, type MapView, type Size } from "../layout/mapView";
import { useLaggedParameter } from "./useLaggedParameter";

const WHEEL_STEP = 0.0016;
const BUTTON_STEP = 1.35;
/** A press that moves less is a click. */
const DRAG_LEAST_PX = 4;

interface Fingers {
  points: Map<number, { x: number; y: number }>;
  view: MapView;
  isDrag: boolean;
}

export function useMapView(element: RefObject<HTMLElement | null>, map: Size, frame: Size) {
  const [text, setText] = useLaggedParameter("at");
  const view = readView(text) ?? firstView(map, frame);
  const fingers = useRef<Fingers | null>(null);
  const latest = useRef(view);
  useEffect(() => {
    latest.current = view;
  });
  const look = (next: MapView): void => setText(writeView(next));
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    // React's own listener could not keep the page from scrolling.
    const onWheel = (wheel: WheelEvent): void => {
      wheel.preventDefault();
      const box = target.getBoundingClientRect();
      const lines = wheel.deltaMode === 1 ? 24 : 1;
      setText(writeView(zoomAt(latest.current, Math.exp(-wheel.deltaY * lines * WHEEL_STEP), { x: wheel.clientX - box.left, y: wheel.clientY - box.top })));
    };
    target.addEventListener("wheel", onWheel, { passive: false });
    return () => target.removeEventListener("wheel", onWheel);
  }, [element, setText]);

  const place = (pointer: PointerEvent<HTMLElement>) => {
    const box = pointer.currentTarget.getBoundingClientRect();
    return { x: pointer.clientX - box.left, y: pointer.clientY - box.top };
  };
  const handlers = {
    onPointerDown: (down: PointerEvent<HTMLElement>) => {
      if (down.button !== 0) return;
      const points = fingers.current?.points ?? new Map<number, { x: number; y: number }>();
      points.set(down.pointerId, place(down));
      fingers.current = { points, view: latest.current, isDrag: fingers.current?.isDrag ?? false };
    },
    onPointerMove: (move: PointerEvent<HTMLElement>) => {
      const held = fingers.current;
      const from = held?.points.get(move.pointerId);
      if (!held || !from) return;
      const to = place(move);
      if (!held.isDrag && Math.hypot(to.x - from.x, to.y - from.y) < DRAG_LEAST_PX) return;
      if (!held.isDrag) move.currentTarget.setPointerCapture(move.pointerId);
      const other = [...held.points].find(([id]) => id !== move.pointerId)?.[1];
      const moved = { ...held.view, x: held.view.x + to.x - from.x, y: held.view.y + to.y - from.y };
      const next = other ? zoomAt(held.view, Math.hypot(to.x - other.x, to.y - other.y) / Math.max(Math.hypot(from.x - other.x, from.y - other.y), 1), other) : moved;
      held.points.set(move.pointerId, to);
      fingers.current = { points: held.points, view: next, isDrag: true };
      look(next);
    },
    onPointerUp: (up: PointerEvent<HTMLElement>) => {
      fingers.current?.points.delete(up.pointerId);
      // The click that follows a drag still has to know that it was one.
      if (fingers.current?.points.size === 0) setTimeout(() => (fingers.current = null));
    },
    onPointerCancel: () => {
      fingers.current = null;
    },
  };
  const centre = { x: frame.width / 2, y: frame.height / 2 };
  return {
    view,
    handlers,
    wasDragged: () => fingers.current?.isDrag ?? false,
    zoomIn: () => look(zoomAt(view, BUTTON_STEP, centre)),
    zoomOut: () => look(zoomAt(view, 1 / BUTTON_STEP, centre)),
    fit: () => {
      const [all, first] = [fitView(map, frame), firstView(map, frame)];
      setText(all.scale === first.scale ? null : writeView(all));
    },
    pan: (x: number, y: number) => look({ ...view, x: view.x + x, y: view.y + y }),
    show: (point: { x: number; y: number }) => {
      const next = withInView(view, point, frame);
      if (next.x !== view.x || next.y !== view.y) look(next);
    },
  };
}
