// Owns a list of attributes: key, value, copying a value, and finding other spans with it. Never fetches.
import { attributeText, attributeType, matchesFilter, sortedAttributes, spansWithAttribute, type Attributes, type AttributeValue } from "../model/attributes";
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
}

export function AttributeTable({ attributes, map, filter = "", dropped = 0, onFilter }: AttributeTableProps) {
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
                {map && (
                  <Link className="icon-button" href={addressOf("/sql", { q: spansWithAttribute(map, key, value), run: "1" })} title={texts.span.findByValue(key)} aria-label={texts.span.findByValue(key)}>
                    <Icon name="find" size={14} />
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
