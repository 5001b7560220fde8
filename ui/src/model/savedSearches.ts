// Owns the searches that someone named, kept in this browser: each name once, newest first. A search is its part of the
// address without what belongs to looking (selection, panel, live). Never asks the server.

export interface SavedSearch {
  name: string;
  /** Of the address, without the question mark. */
  search: string;
}

const KEY = "spanlake.searches";
const MOST = 100;
const LONGEST = 8000;
/** What is looked for and how it is shown; where one was looking is left out. */
const KEPT = ["service", "operation", "status", "min", "max", "filter", "range", "sort", "columns", "keys", "picture"];

/** The part of an address that is worth a name; parameters always in one order, so that equal searches are equal texts. */
export function searchToKeep(search: string): string {
  const parameters = new URLSearchParams(search);
  const kept = new URLSearchParams(KEPT.flatMap((name) => (parameters.get(name) ? [[name, parameters.get(name) ?? ""]] : [])));
  return kept.toString().slice(0, LONGEST);
}

export function readSaved(stored: string | null): SavedSearch[] {
  try {
    const list: unknown = JSON.parse(stored ?? "[]");
    if (!Array.isArray(list)) return [];
    return list.filter((one): one is SavedSearch => typeof one === "object" && one !== null && typeof one.name === "string" && one.name !== "" && typeof one.search === "string").slice(0, MOST);
  } catch {
    return [];
  }
}

export function withSaved(list: readonly SavedSearch[], saved: SavedSearch): SavedSearch[] {
  const name = saved.name.trim().slice(0, 120);
  return name === "" ? [...list] : [{ name, search: saved.search }, ...list.filter((one) => one.name !== name)].slice(0, MOST);
}

export function savedSearches(): SavedSearch[] {
  try {
    return readSaved(localStorage.getItem(KEY));
  } catch {
    return [];
  }
}

/** Answers what is kept now, which without storage is nothing. */
export function storeSaved(list: readonly SavedSearch[]): SavedSearch[] {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Without storage nothing is kept.
  }
  return savedSearches();
}

/** A name to begin with: what a person would call it by. */
export function suggestedName(search: string): string {
  const parameters = new URLSearchParams(search);
  const parts = [parameters.get("service"), parameters.get("operation"), parameters.get("status"), parameters.get("min") && `> ${parameters.get("min")}`, parameters.get("filter")];
  return parts.filter((part): part is string => Boolean(part)).join(" ").slice(0, 60);
}
