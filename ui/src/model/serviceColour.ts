// Owns which of the palette's colours a service gets: by hash of its name, so that it is the same on every page and in
// every browser; where two would share one, the later known moves on and stays there. Never names a colour itself
// (styles/tokens.css does) and never gives anyone red, which means error.

export const COLOUR_COUNT = 14;

/** FNV-1a, 32 bits: short, and the same everywhere. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash ^= name.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Slots for `names` beside those already given; once every colour is taken the hash alone decides. */
export function assignColours(given: ReadonlyMap<string, number>, names: readonly string[]): Map<string, number> {
  const slots = new Map(given);
  const taken = new Set(given.values());
  for (const name of [...new Set(names)].sort()) {
    if (slots.has(name)) continue;
    const preferred = hashName(name) % COLOUR_COUNT;
    let slot = preferred;
    // A step that shares no factor with the count visits every colour, and jumps to an unlike one.
    while (taken.has(slot) && taken.size < COLOUR_COUNT) slot = (slot + 5) % COLOUR_COUNT;
    slots.set(name, slot);
    taken.add(slot);
  }
  return slots;
}

const STORAGE_KEY = "spanlake.colours";
let remembered: Map<string, number> | null = null;

function readRemembered(): Map<string, number> {
  try {
    const entries: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    if (!Array.isArray(entries)) return new Map();
    return new Map(entries.filter((entry): entry is [string, number] => Array.isArray(entry) && typeof entry[0] === "string" && Number.isInteger(entry[1]) && entry[1] >= 0 && entry[1] < COLOUR_COUNT));
  } catch {
    return new Map();
  }
}

/** Makes sure that all of `names` have a colour, before any of them is drawn. */
export function learnServices(names: readonly string[]): void {
  const known = (remembered ??= readRemembered());
  if (names.every((name) => known.has(name))) return;
  remembered = assignColours(known, names);
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify([...remembered].slice(-500)));
  } catch {
    // Without storage the colours are the same anyway, short of collisions.
  }
}

export function colourSlot(name: string): number {
  const slot = (remembered ??= readRemembered()).get(name);
  if (slot !== undefined) return slot;
  learnServices([name]);
  return remembered?.get(name) ?? hashName(name) % COLOUR_COUNT;
}

/** The CSS colour of a service; canvas code resolves it through `paint/palette`. */
export function serviceColour(name: string): string {
  return `var(--service-${colourSlot(name)})`;
}
