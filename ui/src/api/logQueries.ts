// Owns the server state of the page of logs: its list with what is older and what is new, its histogram, one record
// and the lines round it. Never draws, and writes no SQL: that is model/logStatements.
import { keepPreviousData, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { histogramOf, type LogHistogram } from "../layout/logHistogram";
import { roundStepMs } from "../layout/timeSteps";
import type { Attributes } from "../model/attributes";
import { nanosecondsText, readRange } from "../model/instant";
import { DEFAULT_LOG_RANGE, type LogFilter } from "../model/logFilter";
import { cellReader, contextOf, cursorAfter, readLogRows, rowKey, timeOfKey, withOlder, withTail, type LogList, type LogRow } from "../model/logRows";
import { contextStatement, histogramStatement, pageStatement, recordStatement, tailStatement } from "../model/logStatements";
import { learnServices } from "../model/serviceColour";
import { cellNumber } from "../model/sqlResult";
import { runSql } from "./queries";

export const LOG_PAGE_ROWS = 200;
const TAIL_ROWS = 1000;
const LIVE_EVERY_MS = 2000;
/** A group of requests becomes visible together, so a record may be seen after one that was received later. */
const TAIL_OVERLAP_NS = 3_000_000_000n;

/** Milliseconds of a range in the address; the default where it cannot be read. */
export function rangeNow(range: string): { startMs: number; endMs: number } {
  const now = Date.now();
  return readRange(range, now) ?? readRange(DEFAULT_LOG_RANGE, now) ?? { startMs: now - 3_600_000, endMs: now };
}

/** A source's clock, or the server's, may be ahead of the reader's: "up to now" must not cut off the newest. */
const CLOCKS_APART_MS = 24 * 3_600_000;

function windowOf(range: string): { startNs: string; endNs: string } {
  const { startMs, endMs } = rangeNow(range);
  return { startNs: nanosecondsText(startMs), endNs: nanosecondsText(range.includes("-") ? endMs : endMs + CLOCKS_APART_MS) };
}

const listKey = (filter: LogFilter) => ["logs", filter] as const;

export function useLogList(filter: LogFilter) {
  return useQuery({
    queryKey: listKey(filter),
    queryFn: async ({ signal }): Promise<LogList> => {
      const window = windowOf(filter.range);
      const answer = await runSql(pageStatement(filter, window, null, LOG_PAGE_ROWS), signal);
      const rows = learned(readLogRows(answer));
      return { ...window, rows, hasOlder: rows.length >= LOG_PAGE_ROWS };
    },
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
}

function learned(rows: LogRow[]): LogRow[] {
  learnServices(rows.map((row) => row.service));
  return rows;
}

/** Asks for the page after the last row that is shown, once at a time. */
export function useOlderLogs(filter: LogFilter) {
  const client = useQueryClient();
  const [state, setState] = useState<{ isLoading: boolean; error: Error | null }>({ isLoading: false, error: null });
  const load = useCallback(async (): Promise<void> => {
    const list = client.getQueryData<LogList>(listKey(filter));
    if (!list?.hasOlder || state.isLoading) return;
    setState({ isLoading: true, error: null });
    try {
      const answer = await runSql(pageStatement(filter, list, cursorAfter(list.rows), LOG_PAGE_ROWS));
      const page = learned(readLogRows(answer));
      client.setQueryData<LogList>(listKey(filter), (now) => now && withOlder(now, page, LOG_PAGE_ROWS));
      setState({ isLoading: false, error: null });
    } catch (error) {
      setState({ isLoading: false, error: error as Error });
    }
  }, [client, filter, state.isLoading]);
  return { ...state, load };
}

/** Puts what arrives into the list; only what is not shown yet crosses into it. */
export function useLogTail(filter: LogFilter, isLive: boolean) {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["logs-tail", filter],
    queryFn: async ({ signal }) => {
      const list = client.getQueryData<LogList>(listKey(filter));
      if (!list) return 0;
      const answer = await runSql(tailStatement(filter, list.startNs, receivedSince(list), TAIL_ROWS), signal);
      putIn(client, filter, learned(readLogRows(answer)));
      return answer.rows.length;
    },
    enabled: isLive,
    refetchInterval: LIVE_EVERY_MS,
    gcTime: 0,
    staleTime: 0,
  });
}

function receivedSince(list: LogList): string {
  const newest = list.rows.reduce((most, row) => (BigInt(row.receivedNs) > most ? BigInt(row.receivedNs) : most), 0n);
  const from = newest === 0n ? BigInt(list.startNs) : newest - TAIL_OVERLAP_NS;
  return String(from);
}

function putIn(client: QueryClient, filter: LogFilter, answered: LogRow[]): void {
  client.setQueryData<LogList>(listKey(filter), (list) => {
    if (!list) return list;
    // More arrived than one answer holds: what is between would be missing, so the list begins anew from the newest.
    if (answered.length >= TAIL_ROWS) return { ...list, rows: answered, hasOlder: true };
    return withTail(list, answered);
  });
}

export function useLogHistogram(filter: LogFilter, bars: number, isLive: boolean) {
  return useQuery({
    queryKey: ["log-histogram", filter, bars],
    queryFn: async ({ signal }): Promise<LogHistogram> => {
      const { startMs, endMs } = rangeNow(filter.range);
      const stepMs = roundStepMs(startMs, endMs, bars);
      const answer = await runSql(histogramStatement(filter, { startNs: nanosecondsText(startMs), endNs: nanosecondsText(endMs) }, stepMs), signal);
      const cell = cellReader(answer);
      const counts = answer.rows.map((row) => ({ bucketMs: Date.parse(String(cell(row, "bucket"))), level: cellNumber(cell(row, "level")) ?? 0, count: cellNumber(cell(row, "records")) ?? 0 }));
      return histogramOf(counts, startMs, endMs, stepMs);
    },
    enabled: bars > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    refetchInterval: isLive ? 5000 : false,
  });
}

export interface FullLogRecord extends LogRow {
  observed: string;
  attributes: Attributes;
  resourceAttributes: Attributes;
  scope: string;
}

/** The record that an address names, whether or not the list shows it; null where there is none. */
export function useLogRecord(key: string | null) {
  const timeNs = key === null ? null : timeOfKey(key);
  return useQuery({
    queryKey: ["log-record", key],
    queryFn: async ({ signal }): Promise<FullLogRecord | null> => {
      const answer = await runSql(recordStatement(timeNs ?? "0"), signal);
      const cell = cellReader(answer);
      const rows = readLogRows(answer);
      const index = rows.findIndex((row) => rowKey(row) === key);
      if (index === -1) return null;
      const [raw, row] = [answer.rows[index], rows[index]];
      const map = (name: string): Attributes => (cell(raw, name) ?? {}) as Attributes;
      return { ...row, observed: String(cell(raw, "observed_time") ?? ""), attributes: map("attributes"), resourceAttributes: map("resource_attributes"), scope: String(cell(raw, "scope_name") ?? "") };
    },
    enabled: timeNs !== null,
    placeholderData: keepPreviousData,
    staleTime: 300_000,
  });
}

export function useLogContext(record: LogRow | null, count: number) {
  return useQuery({
    queryKey: ["log-context", record && rowKey(record), count],
    queryFn: async ({ signal }) => {
      if (!record) return { before: [], after: [] };
      const ask = async (direction: "before" | "after"): Promise<LogRow[]> =>
        learned(readLogRows(await runSql(contextStatement(record.service, record.timeNs, direction, count + 50), signal)));
      const [before, after] = await Promise.all([ask("before"), ask("after")]);
      return contextOf(record, before, after, count);
    },
    enabled: record !== null,
    placeholderData: keepPreviousData,
  });
}

/** Who logged in the range, with how many records each. */
export function useLogServices(range: string) {
  return useQuery({
    queryKey: ["log-services", range],
    queryFn: async ({ signal }) => {
      const window = windowOf(range);
      const answer = await runSql(
        `select service_name, count(*) as records\nfrom logs\nwhere time >= to_timestamp_nanos(${window.startNs})\n  and time <= to_timestamp_nanos(${window.endNs})\ngroup by 1\norder by 1`,
        signal,
      );
      return answer.rows.map(([name, records]) => ({ name: String(name ?? ""), records: cellNumber(records) ?? 0 })).filter((service) => service.name !== "");
    },
    staleTime: 60_000,
  });
}
