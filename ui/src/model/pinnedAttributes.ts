// Owns which attributes stand first in every span's panel, as chosen in this browser.

const KEY = "spanlake.pinnedAttributes";
const PINNED_MAX = 30;

export function readPinned(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string").slice(0, PINNED_MAX) : [];
  } catch {
    return [];
  }
}

/** Pins a key, or lets it go; returns what is pinned now. */
export function togglePinned(key: string): string[] {
  const now = readPinned();
  const next = now.includes(key) ? now.filter((one) => one !== key) : [key, ...now].slice(0, PINNED_MAX);
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Without storage it holds until the page is left.
  }
  return next;
}
