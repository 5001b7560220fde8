// Owns putting a query together by clicking: what is shown of a metric, over which series, grouped by which labels. It
// hands back the whole query; its text is written by model/promQuery.
import { useState } from "react";
import type { MetricInfo } from "../../api/types";
import { useLabelNames } from "../../api/promQueries";
import { kindOf, promName } from "../../model/promNames";
import { chosenValues, defaultQuery, selectorOf, SHAPES_OF, toggleValue, USUAL_QUANTILES, type Aggregation, type BuiltQuery, type Matcher, type Shape } from "../../model/promQuery";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { Picker } from "./Picker";
import { useLabelValues } from "./useLabelValues";

const AGGREGATIONS: Aggregation[] = ["none", "sum", "avg", "max", "min", "count"];
const QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
/** Of the resource; the server knows every one of its attributes by name. */
export const RESOURCE_LABELS = ["service_name", "service_version"];

interface QueryBuilderProps {
  query: BuiltQuery;
  metrics: readonly MetricInfo[];
  info: MetricInfo | null;
  onChange: (query: BuiltQuery) => void;
}

export function QueryBuilder({ query, metrics, info, onChange }: QueryBuilderProps) {
  const [isLabelsWanted, wantLabels] = useState(false);
  const labels = useLabelNames(selectorOf(query.metric, []), isLabelsWanted);
  const set = (change: Partial<BuiltQuery>): void => onChange({ ...query, ...change });
  const kind = info ? kindOf(info) : null;
  const shapes: readonly Shape[] = kind ? SHAPES_OF[kind] : ["value", "rate", "increase"];
  const isHistogram = kind === "histogram";
  const known = labels.data && [...new Set([...labels.data, ...RESOURCE_LABELS])].filter((label) => label !== "le");
  const filtered = [...new Set(query.matchers.map((one) => one.label))];
  const setShape = (shape: Shape): void => set({ shape, aggregation: (shape === "rate" || shape === "increase") && query.aggregation === "none" ? "sum" : query.aggregation });
  return (
    <div className="builder">
      <Picker
        label={texts.explorer.metric}
        className="button metric-choice"
        caption={<><span className="metric-choice-name">{info?.name ?? query.metric}</span><Icon name="down" size={12} /></>}
        placeholder={texts.explorer.find}
        options={metrics.map((metric) => ({ value: metric.name, note: metric.unit }))}
        none={texts.explorer.noMatch}
        onChoose={(name) => {
          const metric = metrics.find((one) => one.name === name);
          if (metric && promName(metric) !== query.metric) onChange(defaultQuery(metric));
        }}
      />
      <select aria-label={texts.explorer.shape} value={query.shape} onChange={(change) => setShape(change.target.value as Shape)}>
        {(shapes.includes(query.shape) ? shapes : [...shapes, query.shape]).map((shape) => <option key={shape} value={shape}>{texts.explorer.shapes[shape]}</option>)}
      </select>
      {query.shape === "quantiles" && (
        <select aria-label={texts.explorer.quantile} value={query.quantiles.length === 1 ? String(query.quantiles[0]) : ""} onChange={(change) => set({ quantiles: change.target.value === "" ? USUAL_QUANTILES : [Number(change.target.value)] })}>
          <option value="">p50 p95 p99</option>
          {[...new Set([...QUANTILES, ...(query.quantiles.length === 1 ? query.quantiles : [])])].map((quantile) => <option key={quantile} value={quantile}>p{Number((quantile * 100).toPrecision(5))}</option>)}
        </select>
      )}
      {!isHistogram && (
        <select aria-label={texts.explorer.aggregation} value={query.aggregation} onChange={(change) => set({ aggregation: change.target.value as Aggregation, ...(change.target.value === "none" ? { by: [] } : {}) })}>
          {AGGREGATIONS.map((one) => <option key={one} value={one}>{texts.explorer.aggregations[one]}</option>)}
        </select>
      )}
      <span className="chips">
        <span className="chips-name">{texts.explorer.by}</span>
        {query.by.map((label) => (
          <button key={label} type="button" className="chip" title={texts.explorer.remove(label)} onClick={() => set({ by: query.by.filter((one) => one !== label) })}>
            {label}<Icon name="close" size={10} />
          </button>
        ))}
        <Picker label={texts.explorer.addLabel} placeholder={texts.explorer.chooseLabel} none={texts.explorer.noLabels} onOpen={() => wantLabels(true)} options={known?.filter((label) => !query.by.includes(label)).map((value) => ({ value }))} onChoose={(label) => set({ by: [...query.by, label], aggregation: query.aggregation === "none" ? (kind === "gauge" ? "avg" : "sum") : query.aggregation })} />
      </span>
      <span className="chips">
        <span className="chips-name">{texts.explorer.filter}</span>
        {filtered.map((label) => <FilterChip key={label} label={label} query={query} onChange={(matchers) => set({ matchers })} />)}
        <NewFilter labels={known?.filter((label) => !filtered.includes(label))} query={query} onOpen={() => wantLabels(true)} onChange={(matchers) => set({ matchers })} />
      </span>
    </div>
  );
}

interface FilterProps {
  query: BuiltQuery;
  onChange: (matchers: Matcher[]) => void;
}

function FilterChip({ label, query, onChange }: FilterProps & { label: string }) {
  const own = query.matchers.filter((one) => one.label === label);
  const isNot = own.every((one) => one.sign.startsWith("!"));
  const [isWanted, want] = useState(false);
  const values = useLabelValues(label, query, isWanted);
  const chosen = chosenValues(query.matchers, label, isNot);
  return (
    <span className="chip filter-chip">
      <Picker
        label={`${label} ${texts.explorer.filter}`}
        className="chip-text"
        caption={own.map((one) => `${label} ${one.sign} ${one.value}`).join(", ")}
        placeholder={texts.explorer.chooseValue}
        none={texts.explorer.noValues}
        isMany
        onOpen={() => want(true)}
        options={values?.map((value) => ({ value, isChosen: chosen.includes(value) }))}
        onChoose={(value) => onChange(toggleValue(query.matchers, label, value, isNot))}
      />
      <button type="button" aria-label={texts.explorer.remove(label)} title={texts.explorer.remove(label)} onClick={() => onChange(query.matchers.filter((one) => one.label !== label))}>
        <Icon name="close" size={10} />
      </button>
    </span>
  );
}

/** First the label, then its values: one list after the other in the same place. */
function NewFilter({ labels, query, onOpen, onChange }: FilterProps & { labels: string[] | undefined; onOpen: () => void }) {
  const [label, setLabel] = useState<string | null>(null);
  const values = useLabelValues(label ?? "", query, label !== null);
  const open = (): void => {
    setLabel(null);
    onOpen();
  };
  return (
    <Picker
      key={label === null ? "label" : "value"}
      label={texts.explorer.addFilter}
      placeholder={label === null ? texts.explorer.chooseLabel : `${label} = …`}
      none={label === null ? texts.explorer.noLabels : texts.explorer.noValues}
      isOpenAtFirst={label !== null}
      onClose={() => setLabel(null)}
      isMany={label === null}
      onOpen={open}
      options={(label === null ? labels : values)?.map((value) => ({ value }))}
      onChoose={(value) => {
        if (label === null) return setLabel(value);
        onChange(toggleValue(query.matchers, label, value));
        setLabel(null);
      }}
    />
  );
}
