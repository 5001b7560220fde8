// Owns which rows of the waterfall are on screen, told at each step of a scroll to whoever draws them elsewhere. Not React
// state of their common parent: that would draw the whole page again at each step.
import { createContext, useContext, useSyncExternalStore } from "react";

export type RowsInView = readonly [first: number, last: number];

export class RowsInViewStore {
  private rows: RowsInView = [0, 0];
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): RowsInView => this.rows;

  write(first: number, last: number): void {
    if (this.rows[0] === first && this.rows[1] === last) return;
    this.rows = [first, last];
    for (const listener of this.listeners) listener();
  }
}

export const RowsInViewContext = createContext(new RowsInViewStore());

export function useRowsInView(): RowsInView {
  const store = useContext(RowsInViewContext);
  return useSyncExternalStore(store.subscribe, store.read);
}
