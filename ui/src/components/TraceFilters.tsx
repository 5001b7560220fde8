// Owns the filter form over the list of traces. Values live in the address; a field that is being typed into keeps its
// own text until it makes sense.
import { useEffect, useState } from "react";
import type { ApiError } from "../api/client";
import { useOperations, useServices } from "../api/queries";
import { parseDuration } from "../model/duration";
import { isTraceFilterSet, NO_TRACE_FILTER, type TraceFilter } from "../model/traceFilter";
import { setParameters } from "../router";
import { texts } from "../texts";
import { FilterField } from "./FilterField";
import { TimeRangePicker } from "./TimeRangePicker";

interface TraceFiltersProps {
  filter: TraceFilter;
  live: boolean;
  onToggleLive: () => void;
  /** What is wrong with the query, as the server says. */
  queryError: ApiError | null;
}

export function TraceFilters({ filter, live, onToggleLive, queryError }: TraceFiltersProps) {
  const services = useServices(filter.internal);
  const operations = useOperations(filter.service, filter.internal);
  const [isUnfolded, setIsUnfolded] = useState(false);
  const folded = [filter.service, filter.operation, filter.status, filter.minDuration, filter.maxDuration].filter((value) => value !== "").length;
  return (
    <form className="filters trace-filters" data-unfolded={isUnfolded || undefined} onSubmit={(submit) => submit.preventDefault()}>
      <label className="filter foldable wide">
        <span>{texts.traces.service}</span>
        <select value={filter.service} onChange={(change) => setParameters({ service: change.target.value, operation: null })}>
          <option value="">{texts.common.all}</option>
          {withCurrent(services.data?.map((service) => service.name) ?? [], filter.service).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="filter foldable wide">
        <span>{texts.traces.operation}</span>
        <select value={filter.operation} disabled={filter.service === ""} onChange={(change) => setParameters({ operation: change.target.value })}>
          <option value="">{texts.common.all}</option>
          {withCurrent([...new Set(operations.data?.map((operation) => operation.name) ?? [])], filter.operation).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="filter foldable">
        <span>{texts.traces.status}</span>
        <select value={filter.status} onChange={(change) => setParameters({ status: change.target.value })}>
          <option value="">{texts.common.any}</option>
          <option value="error">{texts.traces.onlyErrors}</option>
        </select>
      </label>
      <DurationField label={texts.traces.minDuration} name="min" value={filter.minDuration} />
      <DurationField label={texts.traces.maxDuration} name="max" value={filter.maxDuration} />
      <FilterField value={filter.query} error={queryError} />
      <div className="filter range">
        <span aria-hidden="true">{texts.common.range}</span>
        <TimeRangePicker range={filter.range} onChange={(range) => setParameters({ range })} />
      </div>
      <div className="filter-actions">
        <button type="button" className="button unfold-button" aria-expanded={isUnfolded} onClick={() => setIsUnfolded(!isUnfolded)}>
          {texts.explore.filters}
          {folded > 0 && <span className="fold-count">{folded}</span>}
        </button>
        {isTraceFilterSet(filter) && (
          <button type="button" className="text-button" onClick={() => setParameters(NO_TRACE_FILTER)}>
            {texts.common.clear}
          </button>
        )}
        <button type="button" className="button live" aria-pressed={live} title={texts.common.liveHint} onClick={onToggleLive}>
          <span className="live-dot" aria-hidden="true" />
          {texts.common.live}
        </button>
      </div>
    </form>
  );
}

/** A service in the address stays in the list even if it was not seen lately. */
function withCurrent(names: string[], current: string): string[] {
  return current === "" || names.includes(current) ? names : [current, ...names];
}

function DurationField({ label, name, value }: { label: string; name: string; value: string }) {
  const [text, setText] = useState(value);
  const bad = text.trim() !== "" && parseDuration(text) === null;
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (bad || text === value) return;
    const timer = setTimeout(() => setParameters({ [name]: text.trim() }), 350);
    return () => clearTimeout(timer);
  }, [text, value, bad, name]);
  return (
    <label className="filter duration foldable">
      <span>{label}</span>
      <input value={text} placeholder={texts.traces.durationExample} aria-invalid={bad} title={bad ? texts.traces.durationBad : undefined} onChange={(change) => setText(change.target.value)} />
    </label>
  );
}
