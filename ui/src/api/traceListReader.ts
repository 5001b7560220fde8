// Owns reading a list of traces that is told line by line, an object a line: traces, how far the search has come, at the
// end everything else of the page, or what went wrong. Never fetches.
import { saidError } from "./client";
import type { SearchProgress, TraceList, TraceSummary } from "./types";

interface Line {
  trace?: TraceSummary;
  progress?: SearchProgress;
  done?: Omit<TraceList, "traces">;
  error?: unknown;
}

export class TraceListReader {
  /** In the order of the page; none of them changes any more. */
  readonly traces: TraceSummary[] = [];
  progress: SearchProgress | null = null;
  private done: Omit<TraceList, "traces"> | null = null;
  private readonly decoder = new TextDecoder();
  private rest = "";

  /** Throws what the server says went wrong in the middle of it. A line that is not whole yet is kept. */
  add(bytes: Uint8Array): void {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.read(JSON.parse(line) as Line);
  }

  /** The page, as it would have come in one piece; null where the answer ended before its end was told. */
  list(): TraceList | null {
    return this.done && { ...this.done, traces: this.traces };
  }

  private read(line: Line): void {
    if (line.error !== undefined) throw saidError(line.error, 200, "search_failed");
    if (line.trace) this.traces.push(line.trace);
    if (line.progress) this.progress = { ...line.progress, searched_back_to: isReached(line.progress.searched_back_to) ? line.progress.searched_back_to : null };
    if (line.done) this.done = line.done;
    // What a newer server tells besides is not needed to show the list.
  }
}

/** Before anything was looked at, the place is the end of all time. */
function isReached(nanoseconds: string | null): boolean {
  return nanoseconds !== null && BigInt(nanoseconds) < END_OF_TIME;
}

const END_OF_TIME = 2n ** 63n - 1n;
