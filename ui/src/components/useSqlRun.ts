// Owns running a statement: one at a time, cancelled by the next, with its answer or error, and downloads of the same.
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, postJson } from "../api/client";
import { readArrowAnswer } from "../api/arrowAnswer";
import { saveAs } from "../api/download";
import { runSql } from "../api/queries";
import { offsetOf, type SqlAnswer } from "../model/sqlResult";

export interface SqlRun {
  query: string;
  answer: SqlAnswer | null;
  error: Error | null;
  isRunning: boolean;
}

/** As many as fit into the highest element that browsers draw. */
export const WHOLE_ROWS = 1_000_000;

export type DownloadFormat = "csv" | "parquet" | "arrow";

export function useSqlRun() {
  const [run, setRun] = useState<SqlRun>({ query: "", answer: null, error: null, isRunning: false });
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);
  const start = useCallback(async (query: string): Promise<void> => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setRun((before) => ({ ...before, query, isRunning: true }));
    try {
      const answer = await runSql(query, controller.signal);
      if (current.current === controller) setRun({ query, answer, error: null, isRunning: false });
    } catch (error) {
      if (current.current !== controller || controller.signal.aborted) return;
      setRun({ query, answer: null, error: error as Error, isRunning: false });
    }
  }, []);
  /** The same statement again, with as many rows as a browser can show. */
  const startWhole = useCallback(async (before: SqlRun): Promise<void> => {
    if (!before.answer) return;
    const { columns, stats } = before.answer;
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setRun({ ...before, isRunning: true });
    try {
      const response = await postJson("/api/sql", { query: before.query, format: "arrow", limit: WHOLE_ROWS }, controller.signal);
      const answer = readArrowAnswer(new Uint8Array(await response.arrayBuffer()), columns, { ...stats, truncated: false });
      if (current.current === controller) setRun({ ...before, answer: { ...answer, stats: { ...answer.stats, truncated: answer.stats.rows >= WHOLE_ROWS } }, isRunning: false });
    } catch (error) {
      if (current.current !== controller || controller.signal.aborted) return;
      setRun({ ...before, answer: null, error: error as Error, isRunning: false });
    }
  }, []);
  const cancel = useCallback(() => {
    current.current?.abort();
    setRun((before) => ({ ...before, isRunning: false }));
  }, []);
  return { run, start, startWhole, cancel };
}

export async function downloadSql(query: string, format: DownloadFormat): Promise<void> {
  const response = await postJson("/api/sql", { query, format });
  saveAs(await response.blob(), `spanlake-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${format}`);
}

/** Where in the statement the server saw the mistake, if it said so. */
export function errorPlace(run: SqlRun): { offset: number; message: string } | null {
  if (!(run.error instanceof ApiError) || run.error.line === undefined) return null;
  return { offset: offsetOf(run.query, run.error.line, run.error.column ?? 1), message: run.error.message };
}
