// Owns the server state of the service map, which the page of one service asks too: nodes and edges of a range.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Steps } from "../model/promRange";
import { nanosecondsText, readRange } from "../model/instant";
import { learnServices } from "../model/serviceColour";
import { isMoving } from "../model/traceFilter";
import { getJson } from "./client";
import type { ServiceMapAnswer } from "./types";

const AGAIN_EVERY_MS = 30_000;

async function askServiceMap(startMs: number, endMs: number, internal: boolean, signal: AbortSignal): Promise<ServiceMapAnswer> {
  const answer = await getJson<ServiceMapAnswer>("/api/service-map", { start: nanosecondsText(startMs), end: nanosecondsText(endMs), internal }, signal);
  learnServices(answer.nodes.filter((node) => node.kind === "service").map((node) => node.name));
  return answer;
}

export function useServiceMap(range: string, internal: boolean) {
  return useQuery({
    queryKey: ["service-map", range, internal],
    queryFn: ({ signal }) => {
      const now = Date.now();
      const { startMs, endMs } = readRange(range, now) ?? { startMs: now - 3_600_000, endMs: now };
      return askServiceMap(startMs, endMs, internal, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (isMoving(range) && state.status !== "error" ? AGAIN_EVERY_MS : false),
    staleTime: 15_000,
  });
}

/** In a panel of a dashboard, which decides itself when to ask again. */
export function usePanelMap(steps: Steps, isWanted: boolean) {
  return useQuery({
    queryKey: ["panel-map", steps],
    queryFn: ({ signal }) => askServiceMap(steps.startMs, steps.endMs + steps.stepMs, false, signal),
    enabled: isWanted,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
}
