// Owns the address: which page, which parameters, and changing them with or without a step in the history.
// Never knows what the pages do with them.
import { useCallback, useSyncExternalStore } from "react";
import { isEmbedded } from "./embedded";

export const BOARDS_PATH = "/boards";
export const MYSQL_PATH = "/mysql";
/** Where the page of metrics lives: `/metrics` itself belongs to the server's own metrics in Prometheus text. */
export const METRICS_PATH = "/metrics/explore";

const listeners = new Set<() => void>();

function notify(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) window.addEventListener("popstate", notify);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("popstate", notify);
  };
}

export function navigate(address: string, how: "push" | "replace" = "push"): void {
  if (address === window.location.pathname + window.location.search) return;
  if (leavesFrame(address)) {
    window.open(address, "_blank", "noopener");
    return;
  }
  if (how === "push") window.history.pushState(null, "", address);
  else window.history.replaceState(null, "", address);
  notify();
}

/** Inside another page there is no way back from another of our pages: it gets a window of its own. */
export function leavesFrame(address: string): boolean {
  return isEmbedded && new URL(address, window.location.href).pathname !== window.location.pathname;
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => window.location.search);
}

/** One parameter of the address, and a way to set it; an empty or null value takes it out. */
export function useParameter(name: string): [string | null, (value: string | null) => void] {
  const value = new URLSearchParams(useSearch()).get(name);
  const set = useCallback((next: string | null) => setParameters({ [name]: next }), [name]);
  return [value, set];
}

export function setParameters(changes: Record<string, string | null>, how: "push" | "replace" = "replace"): void {
  const search = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  navigate(window.location.pathname + (text === "" ? "" : `?${text}`), how);
}

/** An address of this page with the parameters that belong to every page kept. */
export function addressOf(path: string, parameters: Record<string, string | null | undefined> = {}): string {
  const search = new URLSearchParams();
  if (new URLSearchParams(window.location.search).get("internal") === "true") search.set("internal", "true");
  for (const [name, value] of Object.entries(parameters)) if (value) search.set(name, value);
  // The same page stays embedded when it is loaded again.
  if (isEmbedded && path === window.location.pathname) search.set("embed", "1");
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

export function traceAddress(traceId: string, spanId?: string): string {
  return addressOf(`/trace/${encodeURIComponent(traceId)}`, { span: spanId });
}

export function serviceAddress(service: string, range: string | null): string {
  return addressOf(`/services/${encodeURIComponent(service)}`, { range });
}

export function mysqlAddress(server: string, parameters: Record<string, string | null | undefined> = {}): string {
  return addressOf(`${MYSQL_PATH}/${encodeURIComponent(server)}`, parameters);
}

/** All calls of a statement on a server, with its plan, samples and traces. */
export function digestAddress(server: string, digest: string, schema: string, range: string | null = null): string {
  return mysqlAddress(server, { tab: "statements", digest, in: schema, range });
}
