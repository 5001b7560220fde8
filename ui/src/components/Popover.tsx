// Owns a button that opens a box below itself: Escape and a click elsewhere close it, and the focus goes back to the
// button. Never knows what is in the box.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

interface PopoverProps {
  icon: IconName;
  label: string;
  className?: string;
  /** Shown as a button that is pressed, or not. */
  isOn?: boolean;
  children: (close: () => void) => ReactNode;
}

export function Popover({ icon, label, className = "", isOn, children }: PopoverProps) {
  const [isOpen, setIsOpen] = useState(false);
  const holder = useRef<HTMLSpanElement>(null);
  const close = (): void => {
    setIsOpen(false);
    holder.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!isOpen) return;
    const onPress = (press: PointerEvent): void => {
      if (!holder.current?.contains(press.target as Node)) setIsOpen(false);
    };
    window.addEventListener("pointerdown", onPress);
    return () => window.removeEventListener("pointerdown", onPress);
  }, [isOpen]);
  return (
    <span
      className={`menu-holder popover ${className}`}
      ref={holder}
      onKeyDown={(press) => {
        if (press.key !== "Escape" || !isOpen) return;
        press.stopPropagation();
        close();
      }}
    >
      <button type="button" className={isOn === undefined ? "text-button" : "button small-button"} data-on={isOn || undefined} title={label} aria-label={label} aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <Icon name={icon} size={13} />
        {isOn === undefined ? label : <span className="wide-only">{label}</span>}
      </button>
      {isOpen && <div className="menu popover-box" role="group" aria-label={label}>{children(close)}</div>}
    </span>
  );
}
