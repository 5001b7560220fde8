// Owns the explorer's state as it stands in the address, with what belongs to each query: what was put together by
// clicking, its metric, what is sent. Never asks for data.
import { useCallback, useMemo } from "react";
import type { MetricInfo } from "../../api/types";
import { expandFormula, isFormula, nextLetter, promqlOf, readExplorer, writeQueries, type ExplorerQuery, type QueryLetter } from "../../model/explorerState";
import { kindOf, promName, type MetricKind } from "../../model/promNames";
import { defaultQuery, readQuery, unitOfQuery, writeQuery, type BuiltQuery } from "../../model/promQuery";
import { setParameters, useSearch } from "../../router";

export interface ShownQuery extends ExplorerQuery {
  built: BuiltQuery | null;
  info: MetricInfo | null;
  kind: MetricKind | null;
  promql: string | null;
  unit: string;
}

export function useExplorer(metrics: readonly MetricInfo[]) {
  const search = useSearch();
  const byName = useMemo(() => new Map(metrics.flatMap((metric) => [[promName(metric), metric] as const, [metric.name, metric] as const])), [metrics]);
  const state = useMemo(() => {
    const parameters = new URLSearchParams(search);
    const read = readExplorer(parameters);
    const named = metrics.find((metric) => metric.name === parameters.get("name"));
    // A metric without queries shows what suits it.
    if (read.queries.length === 0 && named) read.queries = [{ letter: "a", text: writeQuery(defaultQuery(named)), isHidden: false }];
    return read;
  }, [search, metrics]);
  const queries = useMemo(() => state.queries.map((query): ShownQuery => shownQuery(query, state.queries, byName)), [state.queries, byName]);

  const write = useCallback((next: ExplorerQuery[], how: "push" | "replace" = "push") => setParameters(writeQueries(next), how), []);
  const setText = useCallback((letter: QueryLetter, text: string) => write(state.queries.map((query) => (query.letter === letter ? { ...query, text } : query))), [state.queries, write]);
  const toggle = useCallback((letter: QueryLetter) => write(state.queries.map((query) => (query.letter === letter ? { ...query, isHidden: !query.isHidden } : query)), "replace"), [state.queries, write]);
  const remove = useCallback((letter: QueryLetter) => write(state.queries.filter((query) => query.letter !== letter)), [state.queries, write]);
  const add = useCallback(
    (text: string): QueryLetter | null => {
      const letter = nextLetter(state.queries);
      if (letter !== null) write([...state.queries, { letter, text, isHidden: false }].sort((a, b) => (a.letter < b.letter ? -1 : 1)));
      return letter;
    },
    [state.queries, write],
  );
  return { ...state, queries, setText, toggle, remove, add };
}

function shownQuery(query: ExplorerQuery, all: readonly ExplorerQuery[], byName: ReadonlyMap<string, MetricInfo>): ShownQuery {
  const promql = promqlOf(query, all);
  if (isFormula(query.text)) return { ...query, built: null, info: null, kind: null, promql, unit: formulaUnit(query, all, byName) };
  const rough = readQuery(query.text);
  const info = (rough && byName.get(rough.metric)) ?? null;
  const kind = info ? kindOf(info) : null;
  const built = rough && readQuery(query.text, kind);
  return { ...query, built, info, kind, promql, unit: built && info ? unitOfQuery(built, info) : "" };
}

/** A sum or difference keeps the unit of its queries; a share of like units is a plain number. */
function formulaUnit(query: ExplorerQuery, all: readonly ExplorerQuery[], byName: ReadonlyMap<string, MetricInfo>): string {
  if (expandFormula(query.text, all) === null || /[*/^%]/.test(query.text.replace(/[*/]\s*[\d.]+/g, ""))) return "";
  const letters = [...query.text.matchAll(/\b[A-Ha-h]\b/g)].map((match) => match[0].toLowerCase());
  const units = new Set(letters.map((letter) => all.find((one) => one.letter === letter)).map((one) => (one && !isFormula(one.text) ? shownQuery(one, all, byName).unit : "")));
  return units.size === 1 ? [...units][0] : "";
}
