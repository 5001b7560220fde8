// Owns moving the focus from row to row by j, k and the arrows: rows are found in the document by their mark, so that lists,
// tables and trees move alike. Never knows what a row is.
import { useCallback, type RefObject } from "react";
import { useShortcuts } from "../useShortcuts";

const SCROLL_PX = 60;

export function useRowKeys(holder: RefObject<HTMLElement | null>): void {
  const step = useCallback(
    (by: 1 | -1) => (): void => {
      const rows = [...(holder.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
      // The keys are taken: where there is nothing to step through they scroll, as they would have.
      if (rows.length === 0) return holder.current?.scrollBy({ top: by * SCROLL_PX });
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
      (next.matches("a, button, [tabindex]") ? next : next.querySelector<HTMLElement>("a, button, [tabindex]"))?.focus();
      next.scrollIntoView({ block: "nearest" });
    },
    [holder],
  );
  useShortcuts({ j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1) });
}
