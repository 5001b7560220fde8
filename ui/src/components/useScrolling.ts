// Owns knowing that a list is being scrolled: by wheel or finger as state, by whatever as a mark on its element, for the styles.
import { useEffect, useState, type RefObject } from "react";

/** So long after the last step of a scroll it rests. */
const SCROLL_REST_MS = 120;
const PASSIVE = { passive: true };

/** True while wheel or finger move the list, from before its first step; keys and links move it without. */
export function useScrolling(scroller: RefObject<HTMLElement | null>): boolean {
  const [isMoving, setMoving] = useState(false);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let rest: ReturnType<typeof setTimeout> | undefined;
    let steppedAt = 0;
    // One timer for many steps: setting one anew costs more than the rest of this.
    const look = (): void => {
      const left = steppedAt + SCROLL_REST_MS - performance.now();
      rest = left > 0 ? setTimeout(look, left) : undefined;
      if (left > 0) return;
      element.removeAttribute("data-moving");
      setMoving(false);
    };
    const restLater = (): void => {
      steppedAt = performance.now();
      rest ??= setTimeout(look, SCROLL_REST_MS);
    };
    const onScroll = (): void => {
      element.setAttribute("data-moving", "");
      restLater();
    };
    const onTouch = (): void => {
      setMoving(true);
      restLater();
    };
    /** With a key held, or sideways, it zooms or pans. */
    const onWheel = (wheel: WheelEvent): void => {
      if (!wheel.ctrlKey && !wheel.metaKey && !wheel.shiftKey && Math.abs(wheel.deltaY) >= Math.abs(wheel.deltaX)) onTouch();
    };
    element.addEventListener("scroll", onScroll, PASSIVE);
    element.addEventListener("touchmove", onTouch, PASSIVE);
    element.addEventListener("wheel", onWheel, PASSIVE);
    return () => {
      clearTimeout(rest);
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("touchmove", onTouch);
      element.removeEventListener("wheel", onWheel);
    };
  }, [scroller]);
  return isMoving;
}
