// Owns the labels of a query as bars: how much each value has of the whole now, a click to keep it, to leave it out, or to
// group by the label.
import { useMemo } from "react";
import { useInstantQuery, useLabelNames } from "../../api/promQueries";
import type { MetricInfo } from "../../api/types";
import { breakdownQuery, readBreakdown } from "../../model/breakdown";
import type { Steps } from "../../model/promRange";
import { chosenValues, selectorOf, toggleValue, unitOfQuery, type BuiltQuery } from "../../model/promQuery";
import type { MetricKind } from "../../model/promNames";
import { unitWriter } from "../../model/unitFormat";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { RESOURCE_LABELS } from "./QueryBuilder";

const LABELS_MOST = 12;
const VALUES_SHOWN = 6;

interface LabelBreakdownProps {
  query: BuiltQuery;
  info: MetricInfo;
  kind: MetricKind;
  steps: Steps;
  onChange: (query: BuiltQuery) => void;
}

export function LabelBreakdown({ query, info, kind, steps, onChange }: LabelBreakdownProps) {
  const names = useLabelNames(selectorOf(query.metric, []));
  const labels = useMemo(() => [...new Set([...RESOURCE_LABELS.slice(0, 1), ...(names.data ?? [])])].filter((label) => label !== "le" && label !== "quantile").slice(0, LABELS_MOST), [names.data]);
  if (!names.data) return <div className="breakdown" aria-hidden="true" />;
  return (
    <section className="breakdown" aria-label={texts.explorer.breakdown}>
      <header>
        <h3>{texts.explorer.breakdown}</h3>
        <span className="muted small">{texts.explorer.breakdownHint}</span>
      </header>
      <div className="breakdown-grid">
        {labels.map((label) => <LabelCard key={label} label={label} query={query} info={info} kind={kind} steps={steps} onChange={onChange} />)}
      </div>
    </section>
  );
}

function LabelCard({ label, query, info, kind, steps, onChange }: LabelBreakdownProps & { label: string }) {
  const answer = useInstantQuery(breakdownQuery(query, kind, label), steps);
  const values = useMemo(() => (answer.data ? readBreakdown(answer.data, label) : []), [answer.data, label]);
  const write = unitWriter(kind === "histogram" ? "1/s" : kind === "counter" ? `${info.unit || "1"}/s` : unitOfQuery({ ...query, aggregation: "none" }, info));
  const most = values.reduce((largest, one) => Math.max(largest, Math.abs(one.value)), 0) || 1;
  const isGrouped = query.by.includes(label);
  const [chosen, left] = [chosenValues(query.matchers, label), chosenValues(query.matchers, label, true)];
  const group = (): void => onChange({ ...query, by: isGrouped ? query.by.filter((one) => one !== label) : [...query.by, label], aggregation: query.aggregation === "none" && !isGrouped ? (kind === "gauge" ? "avg" : "sum") : query.aggregation });
  return (
    <article className="label-card" aria-label={label}>
      <header>
        <strong title={label}>{label}</strong>
        <span className="faint small">{values.length > 0 && texts.explorer.values(values.length)}</span>
        <button type="button" className="button small-button" aria-pressed={isGrouped} onClick={group}>{isGrouped ? texts.explorer.grouped : texts.explorer.groupBy}</button>
      </header>
      <ul>
        {values.slice(0, VALUES_SHOWN).map(({ name, value }) => (
          <li key={name} data-chosen={chosen.includes(name) || undefined} data-left={left.includes(name) || undefined}>
            <button type="button" className="value-button" title={texts.explorer.only(name || texts.explorer.emptyValue)} aria-pressed={chosen.includes(name)} onClick={() => onChange({ ...query, matchers: toggleValue(query.matchers, label, name) })}>
              <span className="value-bar" style={{ width: `${(Math.abs(value) / most) * 100}%` }} />
              <span className="value-name">{name || texts.explorer.emptyValue}</span>
              <span className="number">{write(value)}</span>
            </button>
            <button type="button" className="icon-button" title={texts.explorer.without(name || texts.explorer.emptyValue)} aria-label={texts.explorer.without(name || texts.explorer.emptyValue)} onClick={() => onChange({ ...query, matchers: toggleValue(query.matchers, label, name, true) })}>
              <Icon name="missing" size={12} />
            </button>
          </li>
        ))}
        {values.length > VALUES_SHOWN && <li className="faint small more-values">{texts.explorer.moreLines(values.length - VALUES_SHOWN)}</li>}
      </ul>
    </article>
  );
}
