// Owns the queries of a panel while it is edited: PromQL with completion, or SQL; names of the series.
import { useCallback } from "react";
import { useMetricNames } from "../../api/queries";
import type { PanelQuery } from "../../model/board";
import { promName } from "../../model/promNames";
import { texts } from "../../texts";
import { PromField } from "../explore/PromField";
import { Icon } from "../Icon";
import { RemoveButton } from "./PanelEditor";

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
        const isSql = query.sql !== undefined;
        return (
          <section key={place} aria-label={name}>
            <header>
              <strong>{name}</strong>
              <span className="segments" role="radiogroup" aria-label={texts.boards.language}>
                {!onlySql && <button type="button" role="radio" aria-checked={!isSql} onClick={() => isSql && change(place, { promql: "", sql: undefined, perSecond: undefined })}>PromQL</button>}
                <button type="button" role="radio" aria-checked={isSql} onClick={() => !isSql && change(place, { sql: "", promql: undefined })}>SQL</button>
              </span>
              <input aria-label={texts.boards.legendFormat} placeholder={texts.boards.legendFormat} value={query.legend ?? ""} onChange={(changed) => change(place, { legend: changed.target.value || undefined })} />
              {isSql && <label className="check"><input type="checkbox" checked={query.perSecond ?? false} onChange={(changed) => change(place, { perSecond: changed.target.checked || undefined })} /> {texts.boards.perSecond}</label>}
              {isSql && <label className="check"><input type="checkbox" checked={query.zero ?? false} onChange={(changed) => change(place, { zero: changed.target.checked || undefined })} /> {texts.boards.zero}</label>}
              <RemoveButton name={name} onClick={() => onChange(queries.filter((_, index) => index !== place))} />
            </header>
            {isSql ? (
              <textarea key={`sql ${place}`} rows={5} spellCheck={false} aria-label={`SQL ${name}`} className="mono" value={query.sql} onChange={(changed) => change(place, { sql: changed.target.value })} />
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
