// Owns choosing a time range: relative ones by name, or two moments. The chosen one goes to the address as text.
import { useState } from "react";
import { RELATIVE_RANGES, readRange, writeRange } from "../model/instant";
import { texts } from "../texts";

const CUSTOM = "custom";

function localInput(milliseconds: number): string {
  const date = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}

export function TimeRangePicker({ range, onChange }: { range: string; onChange: (range: string) => void }) {
  const isRelative = RELATIVE_RANGES.some((relative) => relative.key === range);
  const [now] = useState(() => Date.now());
  const current = readRange(range, now) ?? { startMs: now - 3_600_000, endMs: now };
  const setEdge = (edge: "startMs" | "endMs", text: string): void => {
    const value = Date.parse(text);
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
            {relative.label}
          </option>
        ))}
        <option value={CUSTOM}>{texts.common.customRange}</option>
      </select>
      {!isRelative && (
        <>
          <input type="datetime-local" step="1" aria-label={texts.common.from} defaultValue={localInput(current.startMs)} onBlur={(blur) => setEdge("startMs", blur.target.value)} />
          <input type="datetime-local" step="1" aria-label={texts.common.to} defaultValue={localInput(current.endMs)} onBlur={(blur) => setEdge("endMs", blur.target.value)} />
        </>
      )}
    </div>
  );
}
