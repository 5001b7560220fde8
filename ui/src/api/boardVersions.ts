// Owns the versions of dashboards that the server keeps: which there are, one of them, and saving one as the newest. Never
// decides what differs between them.
import { useQuery } from "@tanstack/react-query";
import type { Board } from "../model/board";
import { readBoard } from "../model/boardReading";
import { millisecondsOf } from "../model/instant";
import { pathOf, saveDocument } from "./boards";
import { ApiError, getJson, getResponse } from "./client";

export interface BoardVersion {
  number: number;
  /** When it was saved. */
  savedMs: number;
}

export interface LoadedVersion {
  board: Board;
  /** As it was saved: what is restored is this, with fields that this page does not know. */
  document: string;
}

async function listVersions(name: string, signal: AbortSignal): Promise<BoardVersion[]> {
  const { versions } = await getJson<{ versions: { version: number; changed: string }[] }>(`${pathOf(name)}/versions`, {}, signal);
  return versions.map(({ version, changed }) => ({ number: version, savedMs: millisecondsOf(changed) })).sort((one, other) => other.number - one.number);
}

/** Null where that version is none that is kept. */
async function loadVersion(name: string, version: string, signal: AbortSignal): Promise<LoadedVersion | null> {
  if (!/^[1-9]\d{0,14}$/.test(version)) return null;
  try {
    const document = await (await getResponse(`${pathOf(name)}?version=${version}`, signal)).text();
    const read = readBoard(document);
    if (read.problem !== undefined) throw new Error(read.problem);
    return { board: read.board, document };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

// Both keys begin as the dashboard's own does, so that whoever forgets it forgets these.
export function useBoardVersions(name: string) {
  return useQuery({ queryKey: ["board", name, "versions"], queryFn: ({ signal }) => listVersions(name, signal), staleTime: 0 });
}

export function useBoardVersion(name: string, version: string) {
  return useQuery({ queryKey: ["board", name, "version", version], queryFn: ({ signal }) => loadVersion(name, version, signal), staleTime: Infinity });
}

/** Saves a version's document over the newest, which `etag` names; gives the number that it has now. */
export async function restoreVersion(name: string, document: string, etag: string): Promise<string> {
  return ((await saveDocument(name, document, etag)) ?? "").replace(/^W\/|"/g, "");
}
