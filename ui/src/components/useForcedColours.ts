// Owns knowing whether the reader's system chooses all colours: elements follow it by themselves, what is painted does not.
import { useSyncExternalStore } from "react";

const query = typeof window === "undefined" ? null : window.matchMedia("(forced-colors: active)");

export function useForcedColours(): boolean {
  return useSyncExternalStore(
    (listener) => {
      query?.addEventListener("change", listener);
      return () => query?.removeEventListener("change", listener);
    },
    () => query?.matches ?? false,
  );
}
