// Owns the field for filters and TraceQL: what may come next is offered while typing, what the server refuses is
// underlined where it stands. It asks when one is done: on Enter, or when the field is left.
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import type { ApiError } from "../api/client";
import { errorRange, withSuggestion, type Suggestion } from "../model/filterCompletion";
import { setParameters } from "../router";
import { texts } from "../texts";
import { useFilterSuggestions } from "./useFilterSuggestions";

interface FilterFieldProps {
  value: string;
  /** What is wrong with the value, as the server says. */
  error: ApiError | null;
}

export function FilterField({ value, error }: FilterFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [cursor, setCursor] = useState(value.length);
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [scrolled, setScrolled] = useState(0);
  const moveCursorTo = useRef<number | null>(null);
  useEffect(() => setText(value), [value]);
  useLayoutEffect(() => {
    if (moveCursorTo.current === null) return;
    input.current?.setSelectionRange(moveCursorTo.current, moveCursorTo.current);
    moveCursorTo.current = null;
  });
  const { place, suggestions } = useFilterSuggestions(text, cursor, isOpen);
  const shown = isOpen ? suggestions : [];
  const current = shown[active];
  const commit = (): void => {
    setIsOpen(false);
    if (text.trim() !== value) setParameters({ filter: text.trim() || null });
  };
  const take = (suggestion: Suggestion): void => {
    const next = withSuggestion(text, place, suggestion);
    setText(next.text);
    setCursor(next.cursor);
    setActive(-1);
    moveCursorTo.current = next.cursor;
  };
  const onKeyDown = (press: KeyboardEvent<HTMLInputElement>): void => {
    if (press.key === "Enter") {
      if (current) take(current);
      else commit();
    } else if (press.key === "ArrowDown" || press.key === "ArrowUp" || (press.key === " " && press.ctrlKey)) {
      setIsOpen(true);
      const step = press.key === "ArrowUp" ? -1 : 1;
      if (shown.length > 0) setActive(active === -1 ? (step === 1 ? 0 : shown.length - 1) : (active + step + shown.length) % shown.length);
    } else if (press.key === "Tab" && !press.shiftKey && shown.length > 0 && (current ?? (place.typed !== "" && shown[0].label !== place.typed))) {
      take(current ?? shown[0]);
    } else if (press.key === "Escape" && isOpen) {
      setIsOpen(false);
      setActive(-1);
      press.stopPropagation();
    } else {
      return;
    }
    press.preventDefault();
  };
  const range = error && text === value ? errorRange(text, error.line, error.column) : null;
  return (
    <div className="filter query">
      <label htmlFor={id}>{texts.traces.query}</label>
      <div className="query-box">
        <input
          id={id}
          ref={input}
          value={text}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={current ? `${id}-${active}` : undefined}
          aria-invalid={error !== null && text === value}
          aria-describedby={error ? `${id}-error` : undefined}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          placeholder={texts.traces.queryExample}
          onChange={(change) => {
            setText(change.target.value);
            setCursor(change.target.selectionStart ?? change.target.value.length);
            setActive(-1);
            setIsOpen(true);
          }}
          onSelect={(select) => setCursor(select.currentTarget.selectionStart ?? text.length)}
          onScroll={(scroll) => setScrolled(scroll.currentTarget.scrollLeft)}
          onBlur={commit}
          onKeyDown={onKeyDown}
        />
        {range && <ErrorMark text={text} range={range} scrolled={scrolled} />}
        {shown.length > 0 && <SuggestionList id={id} suggestions={shown} active={active} onTake={take} />}
      </div>
      {error && shown.length === 0 && (
        <span className="field-error" role="alert" id={`${id}-error`}>
          {error.column === undefined ? "" : `${error.line ?? 1}:${error.column} `}
          {error.message}
          {error.hint && ` (${error.hint})`}
        </span>
      )}
    </div>
  );
}

/** The same text in the same place, of which only the line under what is wrong is seen. */
function ErrorMark({ text, range, scrolled }: { text: string; range: { from: number; to: number }; scrolled: number }) {
  return (
    <div className="query-marks" aria-hidden="true">
      <span style={{ transform: `translateX(${-scrolled}px)` }}>
        {text.slice(0, range.from)}
        <mark>{text.slice(range.from, range.to) || "\u00a0"}</mark>
      </span>
    </div>
  );
}

interface SuggestionListProps {
  id: string;
  suggestions: readonly Suggestion[];
  active: number;
  onTake: (suggestion: Suggestion) => void;
}

function SuggestionList({ id, suggestions, active, onTake }: SuggestionListProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <ul className="suggestions" role="listbox" id={`${id}-list`} aria-label={texts.explore.completion.label} ref={list}>
      {suggestions.map((suggestion, index) => (
        <li
          key={`${suggestion.kind} ${suggestion.label}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          // The field keeps the focus, so that a click does not count as leaving it.
          onPointerDown={(down) => {
            down.preventDefault();
            onTake(suggestion);
          }}
        >
          <span className="mono">{suggestion.label}</span>
          <span className="faint">{noteOf(suggestion)}</span>
        </li>
      ))}
    </ul>
  );
}

function noteOf({ kind, label }: Suggestion): string {
  const words = texts.explore.completion;
  if (kind === "operator") return words.operators[label] ?? words.operator;
  if (kind === "intrinsic") return words.intrinsic;
  if (kind === "attribute") return words.key;
  if (kind === "example") return words.example;
  const joining: Record<string, string> = { and: words.and, "&&": words.and, or: words.or, "||": words.or, not: words.not, exists: words.exists, "exists(": words.exists };
  return kind === "word" ? (joining[label] ?? "") : "";
}
