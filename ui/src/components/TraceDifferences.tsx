// Owns the panel beside the list that says what tells a selection from the rest: attributes by how far they differ, each
// with its values as paired bars. A click on a value goes to the filter. Never computes a score: the server does.
import { useState } from "react";
import { isNotOffered, useTraceCompare } from "../api/traceQueries";
import type { ComparedAttribute, CompareAnswer } from "../api/types";
import { hasCondition, toggledCondition, type Condition } from "../model/filterText";
import { narrowedTo, type HeatSelection } from "../model/heatSelection";
import type { TraceFilter } from "../model/traceFilter";
import { setParameters } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { percentText } from "./FigureTable";
import { Icon } from "./Icon";
import { LoadingNote } from "./LoadingNote";
import { selectionWords } from "./TracePicture";

/** Below this an attribute is as good as alike. */
const LEAST_SCORE = 0.05;
const VALUES_SHOWN = 5;

export function TraceDifferences({ filter, selection }: { filter: TraceFilter; selection: HeatSelection }) {
  const query = useTraceCompare(filter, selection);
  const words = texts.explore.differences;
  const close = (): void => setParameters({ diff: null });
  return (
    <aside className="span-panel differences" aria-label={words.title} data-stale={query.isPlaceholderData || undefined}>
      <div className="span-head">
        <div className="span-head-line">
          <h2>{words.title}</h2>
          <span className="toolbar-gap" />
          <button type="button" className="button small-button" onClick={() => setParameters({ ...narrowedTo(selection, filter, window.location.search) }, "push")}>{texts.explore.onlyThese}</button>
          <button type="button" className="icon-button" title={texts.common.close} aria-label={texts.common.close} onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        <p className="muted small">{selectionWords(selection)}</p>
        {query.data && (
          <p className="differences-sides">
            <span className="side-mark" data-side="selected" /> {words.selected(query.data.selected)}
            <span className="side-mark" data-side="rest" /> {words.rest(query.data.rest)}
            {query.data.stats?.exact === false && <span className="warn-text" title={query.data.stats.note}>{texts.explore.approximate}</span>}
          </p>
        )}
      </div>
      <div className="span-body">
        {query.isPending && !query.error && <LoadingNote />}
        {query.error && !query.data && (isNotOffered(query.error) ? <p className="muted">{words.missing}</p> : <ErrorNote error={query.error} retry={() => void query.refetch()} />)}
        {query.data && <Differences answer={withoutGiven(query.data, selection)} filter={filter} />}
      </div>
    </aside>
  );
}

/** That errors differ in their status is how they were chosen. */
function withoutGiven(answer: CompareAnswer, selection: HeatSelection): CompareAnswer {
  return selection.onlyErrors ? { ...answer, attributes: answer.attributes.filter((attribute) => !/^(span:)?status$/.test(attribute.filter)) } : answer;
}

function Differences({ answer, filter }: { answer: CompareAnswer; filter: TraceFilter }) {
  const words = texts.explore.differences;
  const [showsAlike, setShowsAlike] = useState(false);
  if (answer.selected === 0) return <p className="muted">{words.nothingSelected}</p>;
  if (answer.rest === 0) return <p className="muted">{words.nothingElse}</p>;
  const differing = answer.attributes.filter((attribute) => attribute.score >= LEAST_SCORE);
  const alike = answer.attributes.length - differing.length;
  const shown = showsAlike ? answer.attributes : differing;
  return (
    <>
      <p className="faint small">{shown.length === 0 ? words.alike : words.hint}</p>
      {shown.map((attribute) => (
        <Attribute key={attribute.filter} attribute={attribute} answer={answer} filter={filter} />
      ))}
      {!showsAlike && alike > 0 && (
        <button type="button" className="text-button" onClick={() => setShowsAlike(true)}>{words.more(alike)}</button>
      )}
    </>
  );
}

function Attribute({ attribute, answer, filter }: { attribute: ComparedAttribute; answer: CompareAnswer; filter: TraceFilter }) {
  const [isOpen, setIsOpen] = useState(false);
  const shown = isOpen ? attribute.values : attribute.values.slice(0, VALUES_SHOWN);
  const more = attribute.values.length - shown.length;
  return (
    <section className="difference">
      <h3 title={attribute.filter}>
        <span className="difference-key mono">{attribute.key}</span>
        <span className="muted small">{texts.explore.differences.score(percentText(attribute.score))}</span>
      </h3>
      <ul>
        {shown.map((one) => (
          <ValueRow key={one.value} attribute={attribute} value={one.value} selected={one.selected / answer.selected} rest={one.rest / answer.rest} filter={filter} />
        ))}
        {attribute.absent.selected + attribute.absent.rest > 0 && <ValueRow attribute={attribute} value={null} selected={attribute.absent.selected / answer.selected} rest={attribute.absent.rest / answer.rest} filter={filter} />}
      </ul>
      {more > 0 && <button type="button" className="text-button small" onClick={() => setIsOpen(true)}>{texts.explore.facets.showAll(more)}</button>}
    </section>
  );
}

interface ValueRowProps {
  attribute: ComparedAttribute;
  /** Null for spans without the attribute. */
  value: string | null;
  selected: number;
  rest: number;
  filter: TraceFilter;
}

function ValueRow({ attribute, value, selected, rest, filter }: ValueRowProps) {
  const words = texts.explore.differences;
  const bars = (
    <span className="paired-bars" aria-hidden="true">
      <span data-side="selected" style={{ width: `${selected * 100}%` }} />
      <span data-side="rest" style={{ width: `${rest * 100}%` }} />
    </span>
  );
  const shares = words.share(percentText(selected), percentText(rest));
  if (value === null) {
    return (
      <li className="difference-value" title={shares}>
        <span className="difference-name faint">{words.absent}</span>
        {bars}
        <span className="difference-share small">{percentText(selected)}</span>
      </li>
    );
  }
  const condition = (isExcluded: boolean): Condition => ({ key: attribute.filter, value, isExcluded });
  const toggle = (isExcluded: boolean): void => setParameters({ filter: toggledCondition(filter.query, condition(isExcluded)) }, "push");
  return (
    <li className="difference-value" title={`${value}\n${shares}`}>
      <button type="button" className="difference-name" aria-pressed={hasCondition(filter.query, condition(false))} aria-label={`${words.include(attribute.key, value)}; ${shares}`} onClick={(click) => toggle(click.altKey)}>
        {value === "" ? texts.explore.facets.empty : value}
      </button>
      {bars}
      <span className="difference-share small">{percentText(selected)}</span>
      <button type="button" className="icon-button exclude-button" title={words.exclude(attribute.key, value)} aria-label={words.exclude(attribute.key, value)} aria-pressed={hasCondition(filter.query, condition(true))} onClick={() => toggle(true)}>
        <Icon name="minus" size={12} />
      </button>
    </li>
  );
}
