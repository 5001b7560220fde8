// Owns a list of attributes: key, value, copying a value, and finding other spans with it. Never fetches.
import { attributeText, attributeType, matchesFilter, sortedAttributes, spansWithAttribute, type Attributes, type AttributeValue } from "../model/attributes";
import { conditionOn } from "../model/attributeCondition";
import { conditionText } from "../model/filterText";
import { addressOf } from "../router";
import { texts } from "../texts";
import { CopyButton } from "./CopyButton";
import { Icon } from "./Icon";
import { Link } from "./Link";

interface AttributeTableProps {
  attributes: Attributes;
  /** Which column of the spans table holds them; without it there is nothing to find by. */
  map?: "attributes" | "resource_attributes" | "scope_attributes";
  filter?: string;
  dropped?: number;
  /** Narrows what the page shows to those with this value. */
  onFilter?: (key: string, value: AttributeValue) => void;
  actions?: AttributeActions;
}

/** What is done with an attribute of a span. */
export interface AttributeActions {
  pinned: readonly string[];
  onPin: (key: string) => void;
  /** Looks for others in the same trace. */
  onSearch: (key: string, value: AttributeValue) => void;
}

export function AttributeTable({ attributes, map, filter = "", dropped = 0, onFilter, actions }: AttributeTableProps) {
  const shown = sortedAttributes(attributes).filter(([key, value]) => filter === "" || matchesFilter(key, value, filter));
  return (
    <>
      {shown.length === 0 && <p className="muted small none">{texts.span.none}</p>}
      <dl className="attributes">
        {shown.map(([key, value]) => (
          <div key={key} className="attribute">
            <dt title={key}>{key}</dt>
            <dd data-type={attributeType(value)}>
              <Value value={value} />
              <span className="attribute-tools">
                <CopyButton text={attributeText(value)} label={texts.span.copyValue(key)} />
                {onFilter && (
                  <button type="button" className="icon-button" title={texts.logsPage.filterBy(key)} aria-label={texts.logsPage.filterBy(key)} onClick={() => onFilter(key, value)}>
                    <Icon name="find" size={14} />
                  </button>
                )}
                {map && actions && <AttributeTools map={map} name={key} value={value} actions={actions} />}
                {map && (
                  <Link className="icon-button" href={addressOf("/sql", { q: spansWithAttribute(map, key, value), run: "1" })} title={texts.span.findByValue(key)} aria-label={texts.span.findByValue(key)}>
                    <Icon name="sql" size={14} />
                  </Link>
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
      {dropped > 0 && <p className="muted small">{texts.span.dropped(dropped)}</p>}
    </>
  );
}

interface AttributeToolsProps {
  map: NonNullable<AttributeTableProps["map"]>;
  name: string;
  value: AttributeValue;
  actions: AttributeActions;
}

/** Traces with the value or without it, spans of this trace that have it, and keeping the attribute in sight. */
function AttributeTools({ map, name, value, actions }: AttributeToolsProps) {
  const isPinned = actions.pinned.includes(name);
  const condition = conditionOn(map, name, value);
  return (
    <>
      {condition && (
        <>
          <Link className="icon-button" href={addressOf("/", { filter: conditionText(condition, false) })} title={texts.span.tracesWith(name)} aria-label={texts.span.tracesWith(name)}>
            <Icon name="plus" size={14} />
          </Link>
          <Link className="icon-button" href={addressOf("/", { filter: conditionText({ ...condition, isExcluded: true }, false) })} title={texts.span.tracesWithout(name)} aria-label={texts.span.tracesWithout(name)}>
            <Icon name="minus" size={14} />
          </Link>
        </>
      )}
      <button type="button" className="icon-button" title={texts.span.searchHere(name)} aria-label={texts.span.searchHere(name)} onClick={() => actions.onSearch(name, value)}>
        <Icon name="search" size={14} />
      </button>
      <button type="button" className="icon-button" title={isPinned ? texts.span.unpin(name) : texts.span.pin(name)} aria-label={isPinned ? texts.span.unpin(name) : texts.span.pin(name)} aria-pressed={isPinned} onClick={() => actions.onPin(name)}>
        <Icon name="star" size={14} />
      </button>
    </>
  );
}

const LONG = 400;

function Value({ value }: { value: AttributeValue }) {
  const text = attributeText(value);
  if (value === null || text === "") return <span className="faint">{value === null ? "null" : '""'}</span>;
  if (text.length <= LONG) return <span className="attribute-value">{text}</span>;
  return (
    <details className="long-value">
      <summary>{text.slice(0, LONG)}…</summary>
      <span className="attribute-value">{text.slice(LONG)}</span>
    </details>
  );
}
