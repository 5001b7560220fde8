// Owns what is asked of the server about pins, and about why a trace is there.
import { queryOptions } from "@tanstack/react-query";
import type { Pin, Why } from "../model/pins";
import { getJson, postJson, sendJson } from "./client";

export const pinsQuery = queryOptions({
  queryKey: ["pins"],
  queryFn: ({ signal }) => getJson<{ pins: Pin[]; in_force: boolean }>("/api/pins", undefined, signal),
});

export const whyQuery = (traceId: string) =>
  queryOptions({
    queryKey: ["why", traceId],
    queryFn: ({ signal }) => getJson<Why>(`/api/traces/${encodeURIComponent(traceId)}/why`, undefined, signal),
    // It is decided once; a trace that is still hot is not looked at for so long.
    staleTime: 60_000,
    retry: false,
  });

export async function pinTrace(traceId: string): Promise<void> {
  await postJson("/api/pins", { trace_ids: [traceId] });
}

export async function pinTime(pin: { service?: string; start: string; end: string }): Promise<void> {
  await postJson("/api/pins", pin);
}

export async function removePin(id: number): Promise<void> {
  await sendJson(`/api/pins/${id}`, "DELETE", undefined);
}
