// Owns the box that goes anywhere by a few letters: typing, choosing by key or pointer. What it offers is
// usePaletteEntries; finding is model/palette. A combobox: focus stays in the field, the list says what is chosen.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { findEntries, type PaletteEntry } from "../model/palette";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { usePaletteEntries, type RunnableEntry } from "./usePaletteEntries";

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const entries = usePaletteEntries(typed);
  const found = useMemo(() => findEntries(entries, typed) as RunnableEntry[], [entries, typed]);
  const at = Math.min(chosen, Math.max(found.length - 1, 0));
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [at, found]);
  const run = (entry: RunnableEntry | undefined): void => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (press: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[press.key];
    if (step !== undefined) setChosen(Math.min(Math.max(at + step, 0), found.length - 1));
    else if (press.key === "Enter" && !press.nativeEvent.isComposing) run(found[at]);
    else return;
    press.preventDefault();
  };
  return (
    <dialog ref={dialog} className="dialog palette" aria-label={texts.palette.title} onCancel={(cancel) => { cancel.preventDefault(); onClose(); }} onClick={(click) => click.target === dialog.current && onClose()}>
      <div className="palette-field">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found[at] ? `palette-${at}` : undefined}
          aria-label={texts.palette.title}
          placeholder={texts.palette.placeholder}
          value={typed}
          spellCheck={false}
          autoComplete="off"
          onChange={(change) => {
            setTyped(change.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul id="palette-list" ref={list} role="listbox" aria-label={texts.palette.results} className="palette-list">
        {found.map((entry, index) => (
          <PaletteRow key={entry.id} entry={entry} index={index} isChosen={index === at} before={found[index - 1]} onRun={() => run(entry)} />
        ))}
      </ul>
      {found.length === 0 && <p className="palette-none muted" role="status">{texts.palette.none}</p>}
      <p className="palette-hint faint small">{texts.palette.hint}</p>
    </dialog>
  );
}

interface PaletteRowProps {
  entry: PaletteEntry;
  index: number;
  isChosen: boolean;
  before: PaletteEntry | undefined;
  onRun: () => void;
}

function PaletteRow({ entry, index, isChosen, before, onRun }: PaletteRowProps) {
  return (
    <>
      {entry.group !== before?.group && <li role="presentation" className="palette-group">{texts.palette.groups[entry.group]}</li>}
      <li id={`palette-${index}`} role="option" aria-selected={isChosen} className="palette-row" onClick={onRun}>
        <span className="palette-title">{entry.title}</span>
        {entry.note && <span className="palette-note mono">{entry.note}</span>}
      </li>
    </>
  );
}
