// Owns how an exception event is taken apart so that its stack trace can be read. Never draws.
import type { Attributes } from "./attributes";

export interface ExceptionView {
  type: string;
  message: string;
  escaped: boolean;
  lines: StackLine[];
}

export interface StackLine {
  text: string;
  /** `frame` is a place in code, `cause` starts another exception, `text` is anything else. */
  kind: "frame" | "cause" | "text";
  /** A frame of a runtime or a library, which a reader usually skips. */
  foreign: boolean;
}

const FRAME = /^\s+at\s|^\s*File "|^\s*\d+:\s|^\s*from\s.+:\d+|^\s*#\d+\s|^\s+.+\.(go|rs|py|rb|java|kt|ts|js|php|cs):\d+|^goroutine /;
const CAUSE = /^(Caused by:|Suppressed:|During handling of|The above exception|Traceback )/;
const FOREIGN = /node_modules|site-packages|\/usr\/lib|\/rustc\/|node:internal|java\.base\/|jdk\.internal|org\.springframework|\/gems\/|vendor\/|System\.|Microsoft\./;

export function isException(name: string, attributes: Attributes): boolean {
  return name === "exception" || attributes["exception.type"] !== undefined || attributes["exception.stacktrace"] !== undefined;
}

export function exceptionOf(name: string, attributes: Attributes): ExceptionView | null {
  if (!isException(name, attributes)) return null;
  const stack = String(attributes["exception.stacktrace"] ?? "");
  return {
    type: String(attributes["exception.type"] ?? ""),
    message: String(attributes["exception.message"] ?? ""),
    escaped: attributes["exception.escaped"] === true || attributes["exception.escaped"] === "true",
    lines: stack === "" ? [] : stack.replace(/\s+$/, "").split(/\r?\n/).slice(0, 2000).map(stackLine),
  };
}

export function stackLine(text: string): StackLine {
  const kind = CAUSE.test(text.trimStart()) ? "cause" : FRAME.test(text) ? "frame" : "text";
  return { text, kind, foreign: kind === "frame" && FOREIGN.test(text) };
}
