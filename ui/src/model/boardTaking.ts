// Owns what becomes of a text that somebody wants as a dashboard: ours, Grafana's with a report of what was lost, or a sentence
// that says why neither. Pure.
import { texts } from "../texts";
import type { Board } from "./board";
import { readBoard } from "./boardReading";
import { importGrafana } from "./grafanaImport";

/** What the server keeps of one. */
export const DOCUMENT_BYTES_MOST = 4 * 1024 * 1024;

export interface Taken {
  board: Board;
  report: string[];
}

/** Why a file is not even read; null where it may be. */
export function sizeProblem(bytes: number): string | null {
  return bytes > DOCUMENT_BYTES_MOST ? texts.boards.problems.large(Math.ceil(bytes / 1024 / 1024), DOCUMENT_BYTES_MOST / 1024 / 1024) : null;
}

export function takeBoard(text: string): Taken | string {
  const tooLarge = sizeProblem(text.length);
  if (tooLarge !== null) return tooLarge;
  const own = readBoard(text);
  if (own.board) return { board: own.board, report: [] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return own.problem;
  }
  const grafana = importGrafana(value);
  if (grafana) return grafana;
  const isOurs = typeof value === "object" && value !== null && "version" in value && "panels" in value;
  return isOurs ? own.problem : texts.boards.grafana.notGrafana;
}
