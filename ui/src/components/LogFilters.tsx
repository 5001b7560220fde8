// Owns the filters of the page of logs. What is chosen lies in the address; this only writes it there.
import type { RefObject } from "react";
import { useLogServices } from "../api/logQueries";
import { DEFAULT_LOG_RANGE, isLogFilterSet, LOG_LEVELS, type LogFilter } from "../model/logFilter";
import { setParameters } from "../router";
import { texts } from "../texts";
import { TimeRangePicker } from "./TimeRangePicker";
import { useDelayedText } from "./useDelayedText";

interface LogFiltersProps {
  filter: LogFilter;
  live: boolean;
  onToggleLive: () => void;
  search: RefObject<HTMLInputElement | null>;
}

export function LogFilters({ filter, live, onToggleLive, search }: LogFiltersProps) {
  const services = useLogServices(filter.range).data ?? [];
  const names = services.map((service) => service.name);
  const shown = filter.service === "" || names.includes(filter.service) ? names : [filter.service, ...names];
  const { logsPage } = texts;
  return (
    <form className="filters" aria-label={logsPage.title} onSubmit={(submit) => submit.preventDefault()}>
      <label className="filter log-service-filter">
        <span>{logsPage.service}</span>
        <select value={filter.service} onChange={(change) => setParameters({ service: change.target.value })}>
          <option value="">{texts.common.all}</option>
          {shown.map((name) => (
            <option key={name} value={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="filter">
        <span>{logsPage.level}</span>
        <select value={filter.level} onChange={(change) => setParameters({ level: change.target.value })}>
          <option value="">{texts.common.all}</option>
          {LOG_LEVELS.map((level) => (
            <option key={level} value={level}>≥ {level}</option>
          ))}
        </select>
      </label>
      <TextFilter name="q" label={logsPage.text} example={logsPage.textExample} hint={logsPage.textHint} value={filter.text} field={search} />
      <TextFilter name="attr" label={logsPage.attributes} example={logsPage.attributesExample} hint={logsPage.attributesHint} value={filter.attributes} />
      <div className="filter range">
        <span aria-hidden="true">{texts.common.range}</span>
        <TimeRangePicker range={filter.range} onChange={(range) => setParameters({ range: range === DEFAULT_LOG_RANGE ? null : range })} />
      </div>
      <div className="filter-actions">
        {isLogFilterSet(filter) && (
          <button type="button" className="text-button" onClick={() => setParameters({ service: null, level: null, q: null, attr: null })}>
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

interface TextFilterProps {
  name: string;
  label: string;
  example: string;
  hint: string;
  value: string;
  field?: RefObject<HTMLInputElement | null>;
}

function TextFilter({ name, label, example, hint, value, field }: TextFilterProps) {
  const { text, change, send } = useDelayedText(name, value);
  return (
    <label className="filter wide">
      <span>{label}</span>
      <input
        ref={field}
        value={text}
        placeholder={example}
        title={hint}
        spellCheck={false}
        autoComplete="off"
        onChange={(typed) => change(typed.target.value)}
        onKeyDown={(press) => {
          if (press.key === "Enter") send();
          if (press.key === "Escape") press.currentTarget.blur();
        }}
      />
    </label>
  );
}
