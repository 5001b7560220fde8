// Owns what a newcomer sees before any telemetry has arrived: what to paste, for the language at hand.
import { useState } from "react";
import type { ServerStatus } from "../api/types";
import { portOf, snippets } from "../model/snippets";
import { texts } from "../texts";
import { CopyButton } from "./CopyButton";

const KEY = "spanlake.language";

export function EmptyStore({ status }: { status: ServerStatus }) {
  const [chosen, setChosen] = useState(() => localStorage.getItem(KEY) ?? "python");
  const all = snippets(window.location.hostname, portOf(status.otlp_http, 4318), portOf(status.otlp_grpc, 4317));
  const shown = all.find((snippet) => snippet.key === chosen) ?? all[0];
  const choose = (key: string): void => {
    setChosen(key);
    localStorage.setItem(KEY, key);
  };
  return (
    <div className="empty-store">
      <div className="empty-head">
        <span className="pulse" aria-hidden="true" />
        <h1>{texts.empty.title}</h1>
      </div>
      <p>{texts.empty.text}</p>
      <div className="tabs" role="tablist" aria-label={texts.empty.tabs}>
        {all.map((snippet) => (
          <button key={snippet.key} type="button" role="tab" aria-selected={snippet === shown} onClick={() => choose(snippet.key)}>
            {snippet.title}
          </button>
        ))}
      </div>
      <div className="snippet" role="tabpanel" aria-label={shown.title}>
        <div className="snippet-head">
          <span className="muted">{shown.note}</span>
          <CopyButton text={shown.text} caption={texts.common.copy} />
        </div>
        <pre className="mono">{shown.text}</pre>
      </div>
      <p className="muted small">{texts.empty.listening(status.otlp_http, status.otlp_grpc)}</p>
    </div>
  );
}
