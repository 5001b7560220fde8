// Owns the menu of what is done with a trace: pinned, copied as curl, copied as SQL, downloaded as JSON. Moving in it and
// leaving it by key is as in any menu; keys pressed in it never reach the waterfall. Never holds the trace.
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { getBytes, getJson, postJson } from "../api/client";
import { saveAs } from "../api/download";
import { isLocalTraceId, plainTraceId } from "../api/localTraces";
import { pinTrace } from "../api/pinQueries";
import { wholeTrace } from "../api/queries";
import { readToken } from "../api/token";
import { embedCode } from "../model/embedding";
import { curlCommand, traceStatement, traceTableStatement } from "../model/traceExport";
import type { TraceTree } from "../model/traceTree";
import { addressOf, navigate } from "../router";
import { texts } from "../texts";
import { copyText } from "./CopyButton";
import { Icon, type IconName } from "./Icon";

interface Entry {
  icon: IconName;
  caption: string;
  done: string;
  run: () => Promise<void>;
}

/** A waterfall with some twenty rows. */
const EMBED_PX = 640;

function entriesFor(tree: TraceTree, title: string): Entry[] {
  const { menu } = texts.trace;
  const { traceId } = tree.spans;
  const everywhere: Entry[] = [
    { icon: "download", caption: menu.json, done: menu.downloaded, run: () => downloadTrace(traceId) },
    { icon: "download", caption: texts.files.html, done: menu.downloaded, run: () => downloadPage(tree, title) },
    { icon: "compare", caption: texts.compare.compareWith, done: "", run: async () => navigate(addressOf("/compare", { a: traceId })) },
  ];
  // The server knows nothing of a file.
  if (isLocalTraceId(traceId)) return everywhere;
  return [
    { icon: "copy", caption: menu.curl, done: texts.common.copied, run: () => copyText(curlCommand(window.location.origin, traceId, readToken() !== null)) },
    { icon: "copy", caption: menu.sql, done: texts.common.copied, run: () => copyText(traceStatement(traceId)) },
    { icon: "embed", caption: texts.embed.copy, done: texts.common.copied, run: () => copyText(embedCode(window.location.href, title, EMBED_PX)) },
    everywhere[0],
    { icon: "download", caption: menu.otlp, done: menu.downloaded, run: () => downloadOtlp(traceId) },
    { icon: "download", caption: menu.jaeger, done: menu.downloaded, run: () => downloadJaeger(traceId) },
    { icon: "download", caption: menu.csv, done: menu.downloaded, run: () => downloadCsv(traceId) },
    ...everywhere.slice(1),
    { icon: "star", caption: menu.pin, done: menu.pinned, run: () => pinTrace(traceId) },
  ];
}

/** What makes the page is asked for only now. */
async function downloadPage(tree: TraceTree, title: string): Promise<void> {
  const [{ downloadStandalone }, detail] = await Promise.all([import("../export/downloadStandalone"), wholeTrace(tree.spans.traceId)]);
  downloadStandalone(tree, detail, title);
}

/** The bytes as the server sent them: parsing and writing them again would take memory and change large numbers. */
async function downloadTrace(traceId: string): Promise<void> {
  if (isLocalTraceId(traceId)) return saveAs(new Blob([JSON.stringify(await wholeTrace(traceId))], { type: "application/json" }), `trace-${plainTraceId(traceId)}.json`);
  const bytes = await getBytes(`/api/traces/${encodeURIComponent(traceId)}`);
  saveAs(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/json" }), `trace-${traceId}.json`);
}

/** As a collector would take it; whole numbers of 64 bits are texts in it, so that reading it here changes none. */
async function downloadOtlp(traceId: string): Promise<void> {
  const { trace } = await getJson<{ trace: unknown }>(`/tempo/api/v2/traces/${encodeURIComponent(traceId)}`);
  saveAs(new Blob([JSON.stringify(trace)], { type: "application/json" }), `trace-${traceId}.otlp.json`);
}

async function downloadJaeger(traceId: string): Promise<void> {
  const bytes = await getBytes(`/jaeger/api/traces/${encodeURIComponent(traceId)}`);
  saveAs(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/json" }), `trace-${traceId}.jaeger.json`);
}

async function downloadCsv(traceId: string): Promise<void> {
  const answer = await postJson("/api/sql", { query: traceTableStatement(traceId), format: "csv", limit: CSV_ROWS_MAX });
  saveAs(await answer.blob(), `trace-${traceId}.csv`);
}

const CSV_ROWS_MAX = 1_000_000;

type Outcome = { entry: number; state: "running" | "done" | "failed" } | null;

export function TraceMenu({ tree, title }: { tree: TraceTree; title: string }) {
  const [isOpen, setOpen] = useState(false);
  const holder = useRef<HTMLSpanElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const leave = (down: PointerEvent): void => {
      if (!holder.current?.contains(down.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [isOpen]);
  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };
  const label = texts.trace.menu.label;
  return (
    <span className="menu-holder" ref={holder} onBlur={(blur) => blur.relatedTarget !== null && !holder.current?.contains(blur.relatedTarget) && setOpen(false)}>
      <button ref={opener} type="button" className="icon-button" title={label} aria-label={label} aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name="more" />
      </button>
      {isOpen && <MenuEntries entries={entriesFor(tree, title)} label={label} onClose={close} />}
    </span>
  );
}

function MenuEntries({ entries, label, onClose }: { entries: Entry[]; label: string; onClose: () => void }) {
  const list = useRef<HTMLDivElement>(null);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const items = (): HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  useEffect(() => items()[0]?.focus(), []);
  const onKeyDown = (press: KeyboardEvent): void => {
    press.stopPropagation();
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[press.key];
    if (press.key === "Escape" || to !== undefined) press.preventDefault();
    if (press.key === "Escape") onClose();
    else if (to !== undefined) all[to].focus();
  };
  const choose = (entry: number): void => {
    setOutcome({ entry, state: "running" });
    entries[entry].run().then(
      () => setOutcome({ entry, state: "done" }),
      () => setOutcome({ entry, state: "failed" }),
    );
  };
  return (
    <div className="menu" role="menu" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {entries.map((entry, index) => {
        const state = outcome?.entry === index ? outcome.state : null;
        return (
          <button key={entry.caption} type="button" role="menuitem" tabIndex={-1} data-state={state ?? undefined} onClick={() => choose(index)}>
            <Icon name={state === "done" ? "check" : state === "failed" ? "error" : entry.icon} size={14} />
            <span>{entry.caption}</span>
            <span className="menu-outcome" role="status">
              {state === "done" ? entry.done : state === "failed" ? texts.trace.menu.failed : ""}
            </span>
          </button>
        );
      })}
    </div>
  );
}
