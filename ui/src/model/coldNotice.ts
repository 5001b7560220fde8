// What the banner says of the cold tier. Pure; nothing where all is well.
import type { ColdStatus } from "../api/types";
import { texts } from "../texts";
import { formatBytes } from "./numbers";

export interface ColdNotice {
  sentence: string;
  /** The server's own words, which say what to do. */
  detail: string;
}

export function coldNotice(cold: ColdStatus | null | undefined): ColdNotice | null {
  if (!cold || cold.state === "ready" || cold.message === null) return null;
  const waiting = cold.waiting_bytes > 0 ? texts.cold.waiting(formatBytes(cold.waiting_bytes)) : "";
  return { sentence: `${texts.cold[cold.state]} ${waiting}`.trim(), detail: cold.message };
}
