// Owns light and dark after the first paint: reading, switching, following the system until someone chooses.
// The first paint itself belongs to public/theme.js.
import { useSyncExternalStore } from "react";
import { embeddedTheme } from "./embedded";

export type Theme = "light" | "dark";
const KEY = "spanlake.theme";
const listeners = new Set<() => void>();
const systemDark = window.matchMedia("(prefers-color-scheme: dark)");

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function chosen(): string | null {
  if (embeddedTheme !== null) return embeddedTheme;
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

systemDark.addEventListener("change", (change) => {
  if (chosen() === null) apply(change.matches ? "dark" : "light");
});

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === "dark" ? "dark" : "light";
}

export function switchTheme(): void {
  const next: Theme = currentTheme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // The choice then lasts as long as the page.
  }
  apply(next);
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentTheme);
}
