// Owns placing the PromQL editor: its chunk comes when the text is wanted, and until then the same text stands there.
import { useEffect, useRef, useState } from "react";
import { askLabelValues } from "../../api/promQueries";
import { useQueryClient } from "@tanstack/react-query";
import { getJson } from "../../api/client";
import type { PromEditor, PromKnowledge } from "../../paint/promEditor";

interface PromFieldProps {
  text: string;
  label: string;
  metrics: () => { name: string; type: string; note: string }[];
  mistake: { offset: number; message: string } | null;
  /** Enter, or leaving the field. */
  onDone: (text: string) => void;
  autoFocus?: boolean;
  /** Says every letter at once, instead of the whole when it is done. */
  isLive?: boolean;
}

const KNOWN_FOR_MS = 60_000;

/** Labels and values as the query cache knows them. */
function useKnowledge(metrics: PromFieldProps["metrics"]): PromKnowledge {
  const client = useQueryClient();
  const [knowledge] = useState<PromKnowledge>(() => ({
    metrics: () => [],
    labels: (selector) =>
      client
        .fetchQuery({ queryKey: ["prom-labels", selector], queryFn: () => getJson<{ data: string[] }>("/prometheus/api/v1/labels", { "match[]": selector }), staleTime: KNOWN_FOR_MS })
        .then((answer) => answer.data.filter((label) => label !== "__name__"), () => []),
    values: (label, selector) => client.fetchQuery({ queryKey: ["prom-values", label, selector], queryFn: () => askLabelValues(label, selector), staleTime: KNOWN_FOR_MS }).catch(() => []),
  }));
  useEffect(() => {
    knowledge.metrics = metrics;
  }, [knowledge, metrics]);
  return knowledge;
}

export function PromField({ text, label, metrics, mistake, onDone, autoFocus = false, isLive = false }: PromFieldProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<PromEditor | null>(null);
  const [isReady, setReady] = useState(false);
  const latest = useRef({ text, onDone });
  const knowledge = useKnowledge(metrics);
  useEffect(() => {
    latest.current = { text, onDone };
  });
  // Only what changed outside: what is being written here is not yet known there.
  useEffect(() => editor.current?.setText(text), [text]);
  useEffect(() => {
    let made: PromEditor | null = null;
    let isGone = false;
    void import("../../paint/promEditor").then(({ createPromEditor }) => {
      if (isGone || !host.current) return;
      made = createPromEditor(host.current, {
        text: latest.current.text,
        label, knowledge,
        onChange: (written) => {
          made?.markError(null, "");
          if (isLive) latest.current.onDone(written);
        },
        onRun: () => {
          const written = made?.text() ?? "";
          if (written !== latest.current.text) latest.current.onDone(written);
        },
      });
      editor.current = made;
      if (autoFocus) made.focus();
      setReady(true);
    });
    return () => {
      isGone = true;
      editor.current = null;
      made?.destroy();
    };
  }, [label, knowledge, autoFocus, isLive]);
  useEffect(() => {
    if (isReady) editor.current?.markError(mistake?.offset ?? null, mistake?.message ?? "");
  }, [mistake, isReady, text]);
  return (
    <div className="prom-field" data-wrong={mistake !== null || undefined}>
      <div ref={host} data-testid="prom-editor" hidden={!isReady} />
      {!isReady && <code className="prom-waiting">{text}</code>}
    </div>
  );
}
