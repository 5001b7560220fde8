// Owns choosing a time range: relative ones by name, or two moments. The chosen one goes to the address as text.
import { useState } from "react";
import { fieldMoment, fieldText, RELATIVE_RANGES, readRange, writeRange } from "../model/instant";
import { currentZone } from "../model/timeZone";
import { texts } from "../texts";

const CUSTOM = "custom";

export function TimeRangePicker({ range, onChange }: { range: string; onChange: (range: string) => void }) {
  const isRelative = RELATIVE_RANGES.some((relative) => relative.key === range);
  const [now] = useState(() => Date.now());
  const current = readRange(range, now) ?? { startMs: now - 3_600_000, endMs: now };
  const setEdge = (edge: "startMs" | "endMs", text: string): void => {
    const value = fieldMoment(text);
    const next = { ...current, [edge]: value };
    if (Number.isFinite(value) && next.endMs > next.startMs) onChange(writeRange(next));
  };
  return (
    <div className="range-picker">
      <select
        aria-label={texts.common.range}
        value={isRelative ? range : CUSTOM}
        onChange={(change) => onChange(change.target.value === CUSTOM ? writeRange(current) : change.target.value)}
      >
        {RELATIVE_RANGES.map((relative) => (
          <option key={relative.key} value={relative.key}>
            {texts.ranges[relative.key]}
          </option>
        ))}
        <option value={CUSTOM}>{texts.common.customRange}</option>
      </select>
      {!isRelative && (
        <>
          {currentZone() === "utc" && <span className="zone-note">{texts.settings.utc}</span>}
          <input key={`from ${range}`} type="datetime-local" step="1" aria-label={texts.common.from} defaultValue={fieldText(current.startMs)} onBlur={(blur) => setEdge("startMs", blur.target.value)} />
          <input key={`to ${range}`} type="datetime-local" step="1" aria-label={texts.common.to} defaultValue={fieldText(current.endMs)} onBlur={(blur) => setEdge("endMs", blur.target.value)} />
        </>
      )}
    </div>
  );
}
