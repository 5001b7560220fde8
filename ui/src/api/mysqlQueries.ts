// Owns asking the MySQL routes that are no live feed: servers, digests, events, variables, InnoDB, tables, what a span did.
// Never draws.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { nanosecondsText, readRange } from "../model/instant";
import { ApiError, getJson } from "./client";
import type { MysqlDigest, MysqlDigestDetail, MysqlEvent, MysqlInnodb, MysqlServer, MysqlSpan, MysqlTable } from "./mysqlTypes";

export const DEFAULT_MYSQL_RANGE = "1h";
const FLEET_EVERY_MS = 1000;
const DIGESTS_EVERY_MS = 5000;
const SLOW_EVERY_MS = 10_000;

export function useMysqlServers(everyMs: number | false = FLEET_EVERY_MS) {
  return useQuery({
    queryKey: ["mysql"],
    queryFn: ({ signal }) => getJson<{ servers: MysqlServer[] }>("/api/mysql", {}, signal),
    select: (answer) => answer.servers,
    refetchInterval: everyMs,
    staleTime: 500,
    retry: false,
  });
}

/** Moments of a range for the server; a relative one is read anew at each asking. */
function rangeParameters(range: string): { start: string; end: string } {
  const now = Date.now();
  const { startMs, endMs } = readRange(range, now) ?? { startMs: now - 3_600_000, endMs: now };
  return { start: nanosecondsText(startMs), end: nanosecondsText(endMs) };
}

const every = (range: string, ms: number): number | false => (/^\d+-\d+$/.test(range) ? false : ms);

export interface DigestQuestion {
  server: string;
  range: string;
  sort: string;
  schema: string | null;
  text: string | null;
  limit: number;
}

export function useMysqlDigests(question: DigestQuestion) {
  return useQuery({
    queryKey: ["mysql-digests", question],
    queryFn: ({ signal }) => {
      const { range, ...rest } = question;
      return getJson<{ digests: MysqlDigest[]; searched_from: string | null }>("/api/mysql/digests", { ...rest, ...rangeParameters(range) }, signal);
    },
    refetchInterval: every(question.range, DIGESTS_EVERY_MS),
    placeholderData: keepPreviousData,
  });
}

export function useMysqlDigest(server: string, schema: string, digest: string, range: string) {
  return useQuery({
    queryKey: ["mysql-digest", server, schema, digest, range],
    queryFn: ({ signal }) => getJson<MysqlDigestDetail>("/api/mysql/digest", { server, schema, digest, ...rangeParameters(range) }, signal),
    refetchInterval: every(range, SLOW_EVERY_MS),
    placeholderData: keepPreviousData,
  });
}

export function useMysqlEvents(server: string, range: string, limit = 200) {
  return useQuery({
    queryKey: ["mysql-events", server, range, limit],
    queryFn: ({ signal }) => getJson<{ events: MysqlEvent[] }>("/api/mysql/events", { server, limit, ...rangeParameters(range) }, signal),
    select: (answer) => answer.events,
    refetchInterval: every(range, DIGESTS_EVERY_MS),
    placeholderData: keepPreviousData,
  });
}

export function useMysqlVariables(server: string) {
  return useQuery({
    queryKey: ["mysql-variables", server],
    queryFn: ({ signal }) => getJson<{ variables: { name: string; value: string }[]; changes: MysqlEvent[] }>("/api/mysql/variables", { server }, signal),
    refetchInterval: 30_000,
  });
}

export function useMysqlInnodb(server: string) {
  return useQuery({
    queryKey: ["mysql-innodb", server],
    queryFn: ({ signal }) => getJson<MysqlInnodb>("/api/mysql/innodb", { server }, signal),
    refetchInterval: SLOW_EVERY_MS,
  });
}

export function useMysqlTables(server: string, limit: number) {
  return useQuery({
    queryKey: ["mysql-tables", server, limit],
    queryFn: ({ signal }) => getJson<{ tables: MysqlTable[] }>("/api/mysql/tables", { server, limit }, signal),
    select: (answer) => answer.tables,
    refetchInterval: 60_000,
  });
}

/** Null where the server does not know the route: it then watches no MySQL server. */
export function useMysqlSpan(traceId: string, spanId: string, isWanted: boolean) {
  return useQuery({
    queryKey: ["mysql-span", traceId, spanId],
    queryFn: async ({ signal }): Promise<MysqlSpan | null> => {
      try {
        return await getJson<MysqlSpan>("/api/mysql/span", { trace_id: traceId, span_id: spanId }, signal);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    enabled: isWanted,
    staleTime: 30_000,
    retry: false,
  });
}
