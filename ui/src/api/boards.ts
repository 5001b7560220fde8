// Owns where dashboards are kept: the server where it has the route (`/api/boards`), this browser where it has not, and the
// ones that come with the page. Callers never know which. Never draws, and reads no document itself: that is boardReading.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { readLanguage } from "../language";
import type { Board } from "../model/board";
import { readBoard, readBoardValue, translateBoard, writeBoard } from "../model/boardReading";
import { ApiError, getJson, getResponse, sendJson } from "./client";

const PREFIX = "spanlake.board.";
const shippedFiles = import.meta.glob<unknown>("../boards/*.json", { import: "default" });
/** In the order of the list. */
const SHIPPED = ["services", "service", "hosts", "mysql", "spanlake"];

export interface BoardEntry {
  name: string;
  title: string;
  description: string;
  panels: number;
  isShipped: boolean;
  /** Where it lies on the server, of one that is a file: it is changed there. */
  file?: string;
}

export interface LoadedBoard {
  name: string;
  board: Board;
  isShipped: boolean;
  /** Where it lies on the server, of one that is a file. */
  file?: string;
  /** What the server calls this state of it. */
  etag: string | null;
}

/** Where the server has a dashboard. */
export const pathOf = (name: string): string => `/api/boards/${encodeURIComponent(name)}`;

const isMissing = (error: unknown): boolean => error instanceof ApiError && (error.status === 404 || error.status === 405);

interface ServerList {
  boards: { name: string; title?: string | null; description?: string | null; panels?: number; file?: string; problem?: string }[];
}

/** Whether the server keeps dashboards; null until it was asked. */
let serverKeeps: boolean | null = null;

/** What the server keeps, null where it keeps none. An error that says neither is the caller's to show. */
async function serverBoards(): Promise<ServerList["boards"] | null> {
  if (serverKeeps === false) return null;
  try {
    const { boards } = await getJson<ServerList>("/api/boards");
    serverKeeps = true;
    return boards;
  } catch (error) {
    if (!isMissing(error)) throw error;
    serverKeeps = false;
    return null;
  }
}

async function isKeptByServer(): Promise<boolean> {
  return serverKeeps ?? (await serverBoards()) !== null;
}

async function shippedBoard(name: string): Promise<Board | null> {
  const load = shippedFiles[`../boards/${name}.json`];
  if (!load) return null;
  const read = readBoardValue(await load());
  if (read.problem !== undefined) throw new Error(read.problem);
  return translateBoard(read.board, readLanguage());
}

function ownNames(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)).sort();
}

function entryOf(name: string, board: Board, isShipped: boolean): BoardEntry {
  return { name, title: board.title, description: board.description ?? "", panels: board.panels.filter((panel) => panel.kind !== "row").length, isShipped };
}

async function listBoards(): Promise<{ entries: BoardEntry[]; isServer: boolean }> {
  const kept = await serverBoards();
  const own = kept
    ? kept.map((one): BoardEntry => ({ name: one.name, title: one.title ?? one.name, description: one.problem ?? one.description ?? "", panels: one.panels ?? 0, isShipped: false, ...(one.file === undefined ? {} : { file: one.file }) }))
    : ownNames().map((name) => {
        const read = readBoard(localStorage.getItem(PREFIX + name) ?? "");
        return read.board ? entryOf(name, read.board, false) : { name, title: name, description: read.problem, panels: 0, isShipped: false };
      });
  const shipped = await Promise.all(SHIPPED.filter((name) => own.every((one) => one.name !== name)).map(async (name) => {
    const board = await shippedBoard(name);
    return board ? [entryOf(name, board, true)] : [];
  }));
  return { entries: [...shipped.flat(), ...own], isServer: kept !== null };
}

/** Null where nobody has one of that name; a document that cannot be read throws what is wrong with it. */
export async function loadBoard(name: string): Promise<LoadedBoard | null> {
  // The list comes first, so that a dashboard that comes with the page is not missed aloud.
  const kept = await serverBoards();
  if (kept) {
    const entry = kept.find((one) => one.name === name);
    if (entry) {
      const response = await getResponse(pathOf(name));
      return { name, board: boardOrThrow(await response.text()), isShipped: false, ...(entry.file === undefined ? {} : { file: entry.file }), etag: response.headers.get("ETag") };
    }
  } else {
    const text = localStorage.getItem(PREFIX + name);
    if (text !== null) return { name, board: boardOrThrow(text), isShipped: false, etag: null };
  }
  const board = await shippedBoard(name);
  return board && { name, board, isShipped: true, etag: null };
}

function boardOrThrow(text: string): Board {
  const read = readBoard(text);
  if (read.problem !== undefined) throw new Error(read.problem);
  return read.board;
}

/** Saves over the state that `etag` names; another's state in between is an ApiError with status 412. Gives the new etag. */
export async function saveBoard(name: string, board: Board, etag: string | null): Promise<string | null> {
  if (!(await isKeptByServer())) {
    localStorage.setItem(PREFIX + name, writeBoard(board));
    return null;
  }
  return saveDocument(name, writeBoard(board), etag);
}

/** The same on the server, of a document as it stands. */
export async function saveDocument(name: string, document: string, etag: string | null): Promise<string | null> {
  const response = await sendJson(pathOf(name), "PUT", document, etag === null ? { "If-None-Match": "*" } : { "If-Match": etag });
  return response.headers.get("ETag");
}

/** Saves one that is new under a name of its title, which it gives. */
export async function saveNewBoard(board: Board): Promise<string> {
  const kept = await serverBoards();
  const name = freeName(board.title, kept ? kept.map((one) => one.name) : ownNames());
  await saveBoard(name, board, null);
  return name;
}

export async function removeBoard(name: string, etag: string | null): Promise<void> {
  if (await isKeptByServer()) await sendJson(pathOf(name), "DELETE", undefined, etag === null ? {} : { "If-Match": etag });
  else localStorage.removeItem(PREFIX + name);
}

export function useBoardList() {
  return useQuery({ queryKey: ["boards"], queryFn: listBoards, staleTime: 0 });
}

export function useBoard(name: string) {
  return useQuery({ queryKey: ["board", name], queryFn: () => loadBoard(name), staleTime: Infinity, gcTime: 0 });
}

/** To be called after a change, so that lists and pages ask again. */
export function useForgetBoards(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ["boards"] });
    await client.invalidateQueries({ queryKey: ["board"] });
  };
}

/** A name for a title that no other dashboard has. */
function freeName(title: string, taken: readonly string[]): string {
  const base = title.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "board";
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(name) && !SHIPPED.includes(name)) return name;
  }
}
