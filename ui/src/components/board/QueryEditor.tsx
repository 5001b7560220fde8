// Owns the queries of a panel while it is edited: PromQL with completion, SQL or TraceQL; names of the series.
import { useCallback } from "react";
import { useMetricNames } from "../../api/queries";
import type { PanelQuery } from "../../model/board";
import { promName } from "../../model/promNames";
import { texts } from "../../texts";
import { PromField } from "../explore/PromField";
import { Icon } from "../Icon";
import { RemoveButton } from "./PanelEditor";

const LANGUAGES = ["promql", "sql", "traceql"] as const;
const ONLY_SQL = ["sql"] as const;
const NAMES = { promql: "PromQL", sql: "SQL", traceql: "TraceQL" };
const NO_LANGUAGE: Partial<PanelQuery> = { promql: undefined, sql: undefined, estimated: undefined, traceql: undefined, perSecond: undefined, zero: undefined };
const TRACEQL_EXAMPLE = "{ status = error } | rate() by (resource.service.name)";

interface QueryEditorProps {
  queries: readonly PanelQuery[];
  onlySql: boolean;
  onChange: (queries: PanelQuery[]) => void;
}

export function QueryEditor({ queries, onlySql, onChange }: QueryEditorProps) {
  const metrics = useMetricNames(true).data;
  const known = useCallback(() => (metrics ?? []).map((metric) => ({ name: promName(metric), type: metric.type, note: metric.description })), [metrics]);
  const change = (place: number, to: Partial<PanelQuery>): void => onChange(queries.map((query, index) => (index === place ? { ...query, ...to } : query)));
  return (
    <div className="query-editor">
      {queries.map((query, place) => {
        const name = texts.boards.query(String.fromCharCode(65 + place));
        const language = LANGUAGES.find((one) => query[one] !== undefined) ?? "promql";
        const isSql = language === "sql";
        return (
          <section key={place} aria-label={name}>
            <header>
              <strong>{name}</strong>
              <span className="segments" role="radiogroup" aria-label={texts.boards.language}>
                {(onlySql ? ONLY_SQL : LANGUAGES).map((one) => (
                  <button key={one} type="button" role="radio" aria-checked={one === language} onClick={() => one !== language && change(place, { ...NO_LANGUAGE, [one]: "" })}>{NAMES[one]}</button>
                ))}
              </span>
              <input aria-label={texts.boards.legendFormat} placeholder={texts.boards.legendFormat} value={query.legend ?? ""} onChange={(changed) => change(place, { legend: changed.target.value || undefined })} />
              {isSql && <label className="check"><input type="checkbox" checked={query.perSecond ?? false} onChange={(changed) => change(place, { perSecond: changed.target.checked || undefined })} /> {texts.boards.perSecond}</label>}
              {isSql && <label className="check"><input type="checkbox" checked={query.zero ?? false} onChange={(changed) => change(place, { zero: changed.target.checked || undefined })} /> {texts.boards.zero}</label>}
              <RemoveButton name={name} onClick={() => onChange(queries.filter((_, index) => index !== place))} />
            </header>
            {language !== "promql" ? (
              <>
                <textarea key={`${language} ${place}`} rows={isSql ? 5 : 2} spellCheck={false} aria-label={`${NAMES[language]} ${name}`} className="mono" placeholder={isSql ? undefined : TRACEQL_EXAMPLE} value={query[language]} onChange={(changed) => change(place, { [language]: changed.target.value })} />
                {isSql && (
                  <details>
                    <summary className="muted small">{texts.boards.estimatedSql}</summary>
                    <textarea rows={5} spellCheck={false} aria-label={`${texts.boards.estimatedSql} ${name}`} className="mono" value={query.estimated ?? ""} onChange={(changed) => change(place, { estimated: changed.target.value || undefined })} />
                  </details>
                )}
              </>
            ) : (
              <PromField text={query.promql ?? ""} label={`PromQL ${name}`} metrics={known} mistake={null} isLive onDone={(promql) => change(place, { promql })} />
            )}
          </section>
        );
      })}
      <button type="button" className="text-button" onClick={() => onChange([...queries, onlySql ? { sql: "" } : { promql: "" }])}><Icon name="plus" size={12} />{texts.boards.addQuery}</button>
    </div>
  );
}
