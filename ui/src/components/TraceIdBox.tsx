// Owns the box in the header that takes a trace id in any spelling and goes to the trace.
import { useState } from "react";
import { normaliseTraceId } from "../model/traceId";
import { navigate, traceAddress } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";

export function TraceIdBox() {
  const [text, setText] = useState("");
  const [refused, setRefused] = useState(false);
  return (
    <form
      className="trace-id-form"
      role="search"
      onSubmit={(submit) => {
        submit.preventDefault();
        const traceId = normaliseTraceId(text);
        setRefused(traceId === null && text.trim() !== "");
        if (traceId === null) return;
        setText("");
        navigate(traceAddress(traceId));
        (document.activeElement as HTMLElement | null)?.blur();
      }}
    >
      <Icon name="search" size={14} />
      <input
        id="trace-id-box"
        className="mono"
        value={text}
        placeholder={texts.header.traceIdPlaceholder}
        aria-label={texts.header.traceIdLabel}
        aria-invalid={refused}
        title={refused ? texts.header.traceIdBad : texts.header.traceIdLabel}
        spellCheck={false}
        autoComplete="off"
        onChange={(change) => {
          setText(change.target.value);
          setRefused(false);
        }}
        onKeyDown={(press) => {
          if (press.key === "Escape") press.currentTarget.blur();
        }}
      />
      {refused && <span className="field-error" role="alert">{texts.header.traceIdBad}</span>}
    </form>
  );
}
