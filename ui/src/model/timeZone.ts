// Owns in which zone people read times: their own, or UTC as servers write them. Remembered in this browser; links do
// not carry it, as they name moments. Never formats a time: that is instant.

export type Zone = "local" | "utc";
const KEY = "spanlake.zone";
const listeners = new Set<() => void>();
let zone: Zone = readStored();

function readStored(): Zone {
  try {
    return localStorage.getItem(KEY) === "utc" ? "utc" : "local";
  } catch {
    return "local";
  }
}

export function currentZone(): Zone {
  return zone;
}

export function chooseZone(next: Zone): void {
  zone = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // The choice then lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

export function subscribeToZone(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
