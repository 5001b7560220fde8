// Owns one attribute of the column: its values by count, with the share of failures. A click takes a value into the
// filter, the second button or Alt keeps it out. Never counts.
import { useState } from "react";
import type { Facet, FacetValue } from "../api/types";
import { hasCondition, toggledCondition, type Condition } from "../model/filterText";
import { formatCount } from "../model/numbers";
import type { TraceFilter } from "../model/traceFilter";
import { setParameters } from "../router";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { Icon } from "./Icon";
import { ServiceDot } from "./ServicePill";

const SHOWN = 7;

interface FacetGroupProps {
  facet: Facet;
  filter: TraceFilter;
  /** Missing for those that are always there. */
  onRemove?: () => void;
}

export function FacetGroup({ facet, filter, onRemove }: FacetGroupProps) {
  const [showsAll, setShowsAll] = useState(false);
  const words = texts.explore.facets;
  const named: Record<string, string> = { service: words.service, operation: words.operation, status: words.status, kind: words.kind };
  const name = named[facet.key] ?? facet.label ?? facet.key;
  const shown = showsAll ? facet.values : facet.values.slice(0, SHOWN);
  const hidden = facet.values.length - shown.length;
  const most = facet.values.reduce((sum, one) => Math.max(sum, one.spans), 1);
  if (facet.values.length === 0 && !onRemove) return null;
  return (
    <details className="facet" open>
      <summary title={facet.filter}>
        <Icon name="chevron" size={12} />
        <h3>{name}</h3>
        {onRemove && (
          <button type="button" className="icon-button facet-remove" title={words.removeKey(name)} aria-label={words.removeKey(name)} onClick={(click) => { click.preventDefault(); onRemove(); }}>
            <Icon name="close" size={11} />
          </button>
        )}
      </summary>
      {facet.values.length === 0 && <p className="faint small">{words.none}</p>}
      <ul>
        {shown.map((one) => (
          <Value key={one.value} one={one} facet={facet} filter={filter} most={most} />
        ))}
      </ul>
      {(hidden > 0 || showsAll) && (
        <button type="button" className="text-button small" onClick={() => setShowsAll(!showsAll)}>{showsAll ? words.showFew : words.showAll(hidden)}</button>
      )}
      {(showsAll || hidden === 0) && facet.other.values > 0 && <p className="faint small">{words.others(facet.other.values, facet.other.spans)}</p>}
    </details>
  );
}

/** Where the truth lies with 95 % certainty, on the scale of the bars. */
function FacetBand({ interval: [low, high], most }: { interval: [number, number | null]; most: number }) {
  const left = Math.min(low / most, 1) * 100;
  const right = high === null ? 100 : Math.min(high / most, 1) * 100;
  return <span className="facet-band" style={{ left: `calc(5px + ${left / 100} * (100% - 10px))`, width: `${Math.max(right - left, 0.5)}%` }} aria-hidden="true" />;
}

function Value({ one, facet, filter, most }: { one: FacetValue; facet: Facet; filter: TraceFilter; most: number }) {
  const words = texts.explore.facets;
  const condition = (isExcluded: boolean): Condition => ({ key: facet.filter, value: one.value, isExcluded });
  const toggle = (isExcluded: boolean): void => setParameters({ filter: toggledCondition(filter.query, condition(isExcluded)) }, "push");
  const shownValue = one.value === "" ? words.empty : one.value;
  const failed = one.errors > 0 ? percentText(one.errors / Math.max(one.spans, 1)) : null;
  const between = one.interval ? `, ${words.between(...one.interval)}` : "";
  const title = `${words.value(shownValue, one.spans, one.traces)}${between}${failed === null ? "" : `, ${words.errorShare(failed)}`}`;
  return (
    <li className="facet-value">
      <button type="button" className="facet-name" aria-pressed={hasCondition(filter.query, condition(false))} title={title} onClick={(click) => toggle(click.altKey)}>
        <span className="sr-only">{title}</span>
        <span className="facet-bar" style={{ width: `${(one.spans / most) * 100}%` }} aria-hidden="true">
          {one.errors > 0 && <span style={{ width: `${Math.max((one.errors / Math.max(one.spans, 1)) * 100, 2)}%` }} />}
        </span>
        {one.interval && <FacetBand interval={one.interval} most={most} />}
        {facet.key === "service" && <ServiceDot name={one.value} />}
        <span className="facet-text" aria-hidden="true">{shownValue}</span>
        {failed !== null && <span className="facet-errors" aria-hidden="true">{failed}</span>}
        <span className="facet-count" aria-hidden="true">{one.interval && "≈ "}{formatCount(one.spans)}</span>
      </button>
      <button type="button" className="icon-button exclude-button" title={words.exclude(shownValue)} aria-label={words.exclude(shownValue)} aria-pressed={hasCondition(filter.query, condition(true))} onClick={() => toggle(true)}>
        <Icon name="minus" size={12} />
      </button>
    </li>
  );
}
