// Owns choosing by what spans are coloured, and the legend of what was chosen. Which colours there are is model/spanColour's.
import { useState } from "react";
import { useAttributeKeys } from "../api/tagQueries";
import { formatCount } from "../model/numbers";
import { isOwnField, OWN_COLOUR_FIELDS, searchForValue, type SpanColouring } from "../model/spanColour";
import { texts } from "../texts";
import { Popover } from "./Popover";
import type { Waterfall } from "./useWaterfall";

/** Scopes of attributes that a span has, as filters write them. */
const SCOPE = /^(?:span|resource)\.|^\./;
const LEGEND_MOST = 14;

export function colourFieldName(field: string): string {
  return isOwnField(field) ? texts.trace.colours.fields[field] : field;
}

export function WaterfallColours({ waterfall }: { waterfall: Waterfall }) {
  const { field } = waterfall.colours.colouring;
  const say = texts.trace.colours;
  const isOn = field !== "service";
  return (
    <Popover icon="palette" label={isOn ? say.by(colourFieldName(field)) : say.label} className="colours-box" isOn={isOn}>
      {(close) => <Choice field={field} choose={(next) => {
        waterfall.colours.choose(next);
        close();
      }} />}
    </Popover>
  );
}

function Choice({ field, choose }: { field: string; choose: (field: string) => void }) {
  const [key, setKey] = useState(isOwnField(field) ? "" : field);
  const keys = useAttributeKeys(true);
  const say = texts.trace.colours;
  const known = [...new Set((keys.data ?? []).filter((one) => SCOPE.test(one)).map((one) => one.replace(SCOPE, "").replace(/^"|"$/g, "")))].sort();
  return (
    <>
      {OWN_COLOUR_FIELDS.map((one) => (
        <label key={one} className="menu-choice">
          <input type="radio" name="colour-field" checked={one === field} onChange={() => choose(one)} />
          {say.fields[one]}
        </label>
      ))}
      <form className="save-form" onSubmit={(submit) => {
        submit.preventDefault();
        if (key.trim() !== "") choose(key.trim());
      }}>
        <input list="colour-keys" value={key} placeholder={say.attribute} aria-label={say.attribute} spellCheck={false} autoComplete="off" onChange={(change) => setKey(change.target.value)} />
        <datalist id="colour-keys">{known.map((one) => <option key={one} value={one} />)}</datalist>
        <button type="submit" className="button small-button" disabled={key.trim() === ""}>{say.apply}</button>
      </form>
    </>
  );
}

/** How a value is said; those of a status are no words of anyone's telemetry. */
function valueText({ field }: SpanColouring, value: string): string {
  if (field === "status") return value === "error" ? texts.trace.colours.error : texts.trace.colours.noError;
  return value === "" ? "–" : value;
}

export function ColourLegend({ waterfall }: { waterfall: Waterfall }) {
  const { colouring, isPending, error } = waterfall.colours;
  const say = texts.trace.colours;
  if (colouring.field === "service") return null;
  const more = colouring.values.length - LEGEND_MOST;
  return (
    <div className="colour-legend" role="group" aria-label={say.by(colourFieldName(colouring.field))}>
      <strong>{colourFieldName(colouring.field)}</strong>
      {error && <span className="error-text" role="alert" title={error.message}>{say.failed}</span>}
      {!isPending && !error && colouring.values.length === 0 && <span className="muted">{say.nobody}</span>}
      {colouring.values.slice(0, LEGEND_MOST).map((value, place) => {
        const word = searchForValue(colouring.field, value);
        return (
          <button key={value} type="button" className="colour-value" aria-pressed={waterfall.query === word} title={say.find(valueText(colouring, value))} onClick={() => waterfall.setQuery(waterfall.query === word ? "" : word)}>
            <span className="service-dot" style={{ background: `var(${colouring.tokens[place]})` }} aria-hidden="true" />
            <span className="colour-name">{valueText(colouring, value)}</span>
            <span className="muted">{formatCount(colouring.counts[place])}</span>
          </button>
        );
      })}
      {more > 0 && <span className="muted">{say.more(more)}</span>}
      {colouring.without > 0 && colouring.values.length > 0 && (
        <span className="colour-value">
          <span className="service-dot" style={{ background: `var(${colouring.tokens[colouring.values.length]})` }} aria-hidden="true" />
          {say.without} <span className="muted">{formatCount(colouring.without)}</span>
        </span>
      )}
    </div>
  );
}
