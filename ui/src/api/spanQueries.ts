// Owns the questions about the spans of one trace that the skeleton does not answer: who has an attribute, what stands on
// the rows, who links here, how long others of the operation took. Never draws.
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { attributeStatement, attributeWords, ATTRIBUTE_MATCHES_MAX, spansHere, valuesHere, valueStatement, type AttributeWord } from "../model/attributeSearch";
import { peerStatement, readPeers, type PeerQuestion } from "../model/peerDurations";
import { readReverseLinks, reverseLinkStatement } from "../model/reverseLinks";
import { pillStatement, PILL_SPANS_MAX, readPill, type SpanPill } from "../model/spanPills";
import { cellText } from "../model/sqlResult";
import type { AttributeMatches } from "../model/traceSearch";
import type { TraceTree } from "../model/traceTree";
import { isLocalTraceId } from "./localTraces";
import { runSql, wholeTrace } from "./queries";

const HOLDS_MS = 60_000;

async function spansWith(traceId: string, word: AttributeWord, signal: AbortSignal): Promise<string[]> {
  if (isLocalTraceId(traceId)) return spansHere((await wholeTrace(traceId, signal)).spans, word);
  const answer = await runSql(attributeStatement(traceId, word), signal, ATTRIBUTE_MATCHES_MAX);
  return answer.rows.map(([spanId]) => String(spanId));
}

/** Of the words of a search that ask for attributes: which nodes have them. */
export function useAttributeMatches(tree: TraceTree, query: string): AttributeMatches {
  const { traceId, count } = tree.spans;
  const words = useMemo(() => attributeWords(query), [query]);
  const answers = useQueries({
    queries: words.map((word) => ({
      queryKey: ["attribute-matches", traceId, word.text, count],
      queryFn: ({ signal }: { signal: AbortSignal }) => spansWith(traceId, word, signal),
      staleTime: HOLDS_MS,
    })),
    combine: (results) => results.map((result) => result.data),
  });
  const known = answers.map((ids) => ids?.length ?? -1).join(" ");
  return useMemo(() => {
    const found = new Map<string, Uint8Array>();
    words.forEach((word, place) => {
      const flags = new Uint8Array(tree.nodeCount);
      for (const id of answers[place] ?? []) {
        const node = tree.nodeBySpanId.get(id);
        if (node !== undefined) flags[node] = 1;
      }
      found.set(word.text, flags);
    });
    return found;
    // Answers are a new list at every drawing; how many there are of each tells whether one came.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [tree, words, known]);
}

/** By span id the value of one attribute, of the span or of its resource; `null` asks nothing. */
export function useSpanValues(tree: TraceTree, key: string | null) {
  const { traceId, count } = tree.spans;
  return useQuery({
    queryKey: ["span-values", traceId, key, count],
    queryFn: async ({ signal }): Promise<Map<string, string>> => {
      if (isLocalTraceId(traceId)) return valuesHere((await wholeTrace(traceId, signal)).spans, key ?? "");
      const { rows } = await runSql(valueStatement(traceId, key ?? ""), signal, ATTRIBUTE_MATCHES_MAX);
      return new Map(rows.map(([spanId, value]) => [String(spanId), cellText(value)]));
    },
    enabled: key !== null && tree.isBeginning !== true,
    staleTime: HOLDS_MS,
    structuralSharing: false,
    retry: false,
  });
}

const NO_PILLS: ReadonlyMap<number, SpanPill> = new Map();

export function useSpanPills(tree: TraceTree, isWanted: boolean): ReadonlyMap<number, SpanPill> {
  const { traceId, count } = tree.spans;
  const { data } = useQuery({
    queryKey: ["span-pills", traceId, count],
    queryFn: ({ signal }) => runSql(pillStatement(traceId), signal, PILL_SPANS_MAX),
    enabled: isWanted && !isLocalTraceId(traceId) && count <= PILL_SPANS_MAX && tree.isBeginning !== true,
    staleTime: HOLDS_MS,
    retry: false,
  });
  return useMemo(() => {
    if (!data) return NO_PILLS;
    const pills = new Map<number, SpanPill>();
    for (const row of data.rows) {
      const node = tree.nodeBySpanId.get(String(row[0]));
      const pill = readPill(row);
      if (node !== undefined && pill) pills.set(node, pill);
    }
    return pills;
  }, [tree, data]);
}

/** What links to spans of the trace, by the span that is linked. */
export function useReverseLinks(traceId: string) {
  return useQuery({
    queryKey: ["reverse-links", traceId],
    queryFn: async ({ signal }) => readReverseLinks((await runSql(reverseLinkStatement(traceId), signal)).rows),
    enabled: !isLocalTraceId(traceId),
    staleTime: HOLDS_MS,
    structuralSharing: false,
    retry: false,
  });
}

export function usePeers(traceId: string, question: PeerQuestion | null) {
  return useQuery({
    queryKey: ["peers", traceId, question?.service, question?.name, String(question?.startNs), question?.durationNs],
    queryFn: async ({ signal }) => (question === null ? null : readPeers((await runSql(peerStatement(question), signal)).rows, question.durationNs)),
    enabled: question !== null && !isLocalTraceId(traceId),
    staleTime: HOLDS_MS,
    retry: false,
  });
}
