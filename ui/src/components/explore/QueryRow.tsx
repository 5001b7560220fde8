// Owns one query of the explorer: its letter, the clickable parts where its text is understood, the text itself, and what
// the server found wrong with it.
import { useCallback, useMemo } from "react";
import { ApiError } from "../../api/client";
import type { MetricInfo } from "../../api/types";
import { isFormula, type ExplorerQuery } from "../../model/explorerState";
import { promName } from "../../model/promNames";
import { writeQuery, type BuiltQuery } from "../../model/promQuery";
import { offsetOf } from "../../model/sqlResult";
import { texts } from "../../texts";
import { CopyButton } from "../CopyButton";
import { Icon } from "../Icon";
import { PromField } from "./PromField";
import { QueryBuilder } from "./QueryBuilder";

interface QueryRowProps {
  query: ExplorerQuery;
  built: BuiltQuery | null;
  info: MetricInfo | null;
  metrics: readonly MetricInfo[];
  error: Error | null;
  /** What is sent; null where a formula cannot be expanded. */
  promql: string | null;
  isOnly: boolean;
  isActive: boolean;
  onText: (text: string) => void;
  onToggle: () => void;
  onRemove: () => void;
  onActive: () => void;
}

export function QueryRow({ query, built, info, metrics, error, promql, isOnly, isActive, onText, onToggle, onRemove, onActive }: QueryRowProps) {
  const letter = query.letter.toUpperCase();
  const formula = isFormula(query.text);
  const known = useCallback(() => metrics.map((metric) => ({ name: promName(metric), type: metric.type, note: metric.description })), [metrics]);
  const mistake = useMemo(() => {
    if (!(error instanceof ApiError) || error.line === undefined || formula) return null;
    // The text is sent without the blanks round it.
    const shift = query.text.length - query.text.trimStart().length;
    return { offset: offsetOf(query.text.trim(), error.line, error.column ?? 1) + shift, message: error.message };
  }, [error, query.text, formula]);
  const missing = formula && promql === null && query.text.trim() !== "=";
  return (
    <section className="query-row" aria-label={texts.explorer.promql(letter)} data-active={isActive || undefined} data-hidden={query.isHidden || undefined} onFocusCapture={onActive} onPointerDown={onActive}>
      <span className="query-letter" title={formula ? texts.explorer.formula : undefined}>{letter}</span>
      <div className="query-parts">
        {built && <QueryBuilder query={built} metrics={metrics} info={info} onChange={(next) => onText(writeQuery(next))} />}
        <PromField text={query.text} label={texts.explorer.promql(letter)} metrics={known} mistake={mistake} onDone={onText} autoFocus={query.text === "" || query.text === "= "} />
        {error && (
          <p className="query-error" role="alert">
            {error instanceof ApiError && error.line !== undefined && !formula ? <span>{texts.explorer.mistake(error.line, error.column ?? 1)}: </span> : null}
            {error.message}
          </p>
        )}
        {missing && <p className="query-error" role="alert">{texts.explorer.missingLetter}</p>}
      </div>
      <span className="query-tools">
        <CopyButton text={promql ?? query.text} label={texts.explorer.copyQuery} />
        <button type="button" className="icon-button" aria-pressed={query.isHidden} title={query.isHidden ? texts.explorer.show(letter) : texts.explorer.hide(letter)} aria-label={query.isHidden ? texts.explorer.show(letter) : texts.explorer.hide(letter)} onClick={onToggle}>
          <Icon name={query.isHidden ? "eyeOff" : "eye"} size={14} />
        </button>
        <button type="button" className="icon-button" disabled={isOnly} title={texts.explorer.removeQuery(letter)} aria-label={texts.explorer.removeQuery(letter)} onClick={onRemove}>
          <Icon name="close" size={14} />
        </button>
      </span>
    </section>
  );
}
