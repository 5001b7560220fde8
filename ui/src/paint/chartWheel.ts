// Owns moving through a chart's time by the wheel: with Ctrl (or a pinch) it zooms at the pointer, sideways or with Shift it
// pans. What is drawn moves at once, once a frame; whoever asks for data is told when the wheel rests.
import type uPlot from "uplot";

export interface ChartView {
  from: number;
  to: number;
}

const REST_MS = 260;
/** Seconds: closer than this there is nothing to see. */
const WIDTH_LEAST = 0.01;

export function zoomedView(view: ChartView, anchor: number, factor: number): ChartView {
  const at = view.from + anchor * (view.to - view.from);
  const width = Math.max((view.to - view.from) * factor, WIDTH_LEAST);
  return { from: at - anchor * width, to: at + (1 - anchor) * width };
}

export function pannedView(view: ChartView, share: number): ChartView {
  const by = share * (view.to - view.from);
  return { from: view.from + by, to: view.to + by };
}

/** Gives what ends it. `current` is what is shown, `show` draws another part of the time. */
export function followWheel(chart: uPlot, current: () => ChartView, show: (view: ChartView) => void, onRest: (view: ChartView) => void): () => void {
  let frame = 0;
  let rest: ReturnType<typeof setTimeout> | undefined;
  let wanted: ChartView | null = null;
  const turn = (wheel: WheelEvent): void => {
    const isZoom = wheel.ctrlKey || wheel.metaKey;
    const isSideways = Math.abs(wheel.deltaX) > Math.abs(wheel.deltaY) || wheel.shiftKey;
    if (!isZoom && !isSideways) return;
    wheel.preventDefault();
    const box = chart.over.getBoundingClientRect();
    const view = wanted ?? current();
    wanted = isZoom
      ? zoomedView(view, Math.min(Math.max((wheel.clientX - box.left) / Math.max(box.width, 1), 0), 1), Math.exp(wheel.deltaY * 0.002))
      : pannedView(view, (wheel.deltaX || wheel.deltaY) / Math.max(box.width, 1));
    if (frame === 0) frame = requestAnimationFrame(() => {
      frame = 0;
      if (wanted) show(wanted);
    });
    clearTimeout(rest);
    rest = setTimeout(() => wanted && onRest(wanted), REST_MS);
  };
  chart.over.addEventListener("wheel", turn, { passive: false });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(rest);
    chart.over.removeEventListener("wheel", turn);
  };
}
