// Owns a button that opens a list to choose from by typing: labels, values, metrics. Escape and a click elsewhere close it,
// arrows move, Enter chooses.
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { matchScore } from "../../model/palette";
import { Icon } from "../Icon";

export interface PickerOption {
  value: string;
  note?: string;
  isChosen?: boolean;
}

interface PickerProps {
  label: string;
  /** In the button; without it the button is a plus. */
  caption?: ReactNode;
  placeholder: string;
  options: readonly PickerOption[] | undefined;
  none: string;
  /** Whether the list stays open for more. */
  isMany?: boolean;
  className?: string;
  isOpenAtFirst?: boolean;
  onOpen?: () => void;
  onClose?: () => void;
  onChoose: (value: string) => void;
}

const SHOWN_MOST = 200;

export function Picker({ label, caption, placeholder, options, none, isMany = false, className = "chip-button", isOpenAtFirst = false, onOpen, onClose, onChoose }: PickerProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const holder = useRef<HTMLSpanElement>(null);
  const list = useId();
  const closed = useRef(onClose);
  useEffect(() => {
    closed.current = onClose;
  });
  useEffect(() => {
    if (!isOpen) return;
    const close = (down: PointerEvent): void => {
      if (holder.current?.contains(down.target as Node)) return;
      setOpen(false);
      closed.current?.();
    };
    window.addEventListener("pointerdown", close);
    return () => window.removeEventListener("pointerdown", close);
  }, [isOpen]);
  useEffect(() => {
    if (isOpen) holder.current?.querySelector('[data-at="true"]')?.scrollIntoView({ block: "nearest" });
  }, [isOpen, at]);
  const shown = (options ?? []).filter((option) => typed === "" || matchScore(`${option.value} ${option.note ?? ""}`, typed) > 0).slice(0, SHOWN_MOST);
  const choose = (value: string): void => {
    onChoose(value);
    if (isMany) return;
    setOpen(false);
    setTyped("");
  };
  const onKey = (press: KeyboardEvent): void => {
    if (press.key === "Escape") {
      setOpen(false);
      onClose?.();
    }
    else if (press.key === "ArrowDown") setAt(Math.min(at + 1, shown.length - 1));
    else if (press.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (press.key === "Enter" && shown[at]) choose(shown[at].value);
    else return;
    press.preventDefault();
    press.stopPropagation();
    if (press.key === "Escape") holder.current?.querySelector("button")?.focus();
  };
  return (
    <span className="picker" ref={holder}>
      <button type="button" className={className} aria-label={caption ? undefined : label} title={label} aria-haspopup="listbox" aria-expanded={isOpen} onClick={() => {
        if (!isOpen) onOpen?.();
        setAt(0);
        setTyped("");
        setOpen(!isOpen);
      }}>
        {caption ? <><span className="sr-only">{label}: </span>{caption}</> : <Icon name="plus" size={12} />}
      </button>
      {isOpen && (
        <span className="picker-box">
          <input autoFocus role="combobox" aria-expanded="true" aria-controls={list} aria-label={placeholder} placeholder={placeholder} value={typed} onKeyDown={onKey} onChange={(change) => {
            setTyped(change.target.value);
            setAt(0);
          }} />
          <ul id={list} role="listbox" aria-label={label}>
            {options !== undefined && shown.length === 0 && <li className="muted none">{none}</li>}
            {shown.map((option, place) => (
              <li key={option.value} role="option" aria-selected={option.isChosen ?? false} data-at={place === at} onPointerEnter={() => setAt(place)} onClick={() => choose(option.value)}>
                <span className="picker-value">{option.value}</span>
                {option.note && <span className="faint">{option.note}</span>}
                {option.isChosen && <Icon name="check" size={12} />}
              </li>
            ))}
          </ul>
        </span>
      )}
    </span>
  );
}
