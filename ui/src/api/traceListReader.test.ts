import { describe, expect, it } from "vitest";
import { ApiError } from "./client";
import { TraceListReader } from "./traceListReader";

const trace = (id: string) => ({ trace_id: id, root_service: "käse", root_name: "GET /", start_time: "5", duration: "1", span_count: 1, error_count: 0, services: [] });
const progress = { found: 2, looked_at: 40, searched_back_to: "4", files_read: 3, files_total: 9 };
const done = { next_cursor: "AQ", searched_back_to: "3", files_read: 5, files_total: 9 };
const said = (...lines: unknown[]): Uint8Array => new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

describe("TraceListReader", () => {
  it("has the page at the end, and what was told of it before", () => {
    const reader = new TraceListReader();
    reader.add(said({ trace: trace("a") }, { progress }));
    expect([reader.traces.length, reader.progress, reader.list()]).toEqual([1, progress, null]);
    reader.add(said({ trace: trace("b") }, { done }));
    expect(reader.list()).toEqual({ ...done, traces: [trace("a"), trace("b")] });
  });

  it("takes bytes wherever they are cut", () => {
    const reader = new TraceListReader();
    for (const byte of said({ trace: trace("a") }, { progress }, { trace: trace("b") }, { done })) reader.add(new Uint8Array([byte]));
    expect(reader.list()?.traces).toEqual([trace("a"), trace("b")]);
  });

  it("has no place yet where the search has only begun", () => {
    const reader = new TraceListReader();
    reader.add(said({ progress: { ...progress, searched_back_to: "9223372036854775807" } }));
    expect(reader.progress).toEqual({ ...progress, searched_back_to: null });
  });

  it("passes over lines that it does not know, and empty ones", () => {
    const reader = new TraceListReader();
    reader.add(said({ hint: "narrow it" }, { trace: trace("a") }));
    reader.add(new TextEncoder().encode("\n\n"));
    reader.add(said({ done }));
    expect(reader.list()?.traces.length).toBe(1);
  });

  it("throws what went wrong on the way, and keeps what came before", () => {
    const reader = new TraceListReader();
    let thrown: unknown;
    try {
      reader.add(said({ trace: trace("a") }, { error: { code: "out_of_memory", message: "too much", hint: "narrow it" } }));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({ code: "out_of_memory", message: "too much", hint: "narrow it" });
    expect(reader.traces.length).toBe(1);
  });

  it("has no page where the answer broke off", () => {
    const reader = new TraceListReader();
    reader.add(said({ trace: trace("a") }));
    expect(reader.list()).toBeNull();
  });
});
