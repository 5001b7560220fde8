// Owns listening for keys: never while someone types into a field, never together with Ctrl, Alt or Meta.
import { useEffect, useRef } from "react";

export type Shortcuts = Record<string, (press: KeyboardEvent) => void>;

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** How long after `g` the next key still belongs to it. */
const SEQUENCE_MS = 1200;
const sequence: { press: KeyboardEvent | null; name: string; prefixAt: number } = { press: null, name: "", prefixAt: -SEQUENCE_MS };

/** `g t` for a key soon after `g`, so that no page takes the second key as its own; the same for all who listen. */
function nameOf(press: KeyboardEvent): string {
  if (sequence.press === press) return sequence.name;
  const isSecond = press.timeStamp - sequence.prefixAt < SEQUENCE_MS && press.key !== "g";
  sequence.press = press;
  sequence.name = isSecond ? `g ${press.key}` : press.key;
  sequence.prefixAt = press.key === "g" ? press.timeStamp : -SEQUENCE_MS;
  return sequence.name;
}

function isDialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    const onKeyDown = (press: KeyboardEvent): void => {
      // An editor in a shadow root shows up as its host unless the path is asked.
      const target = press.composedPath()[0] ?? press.target;
      if (press.defaultPrevented || press.ctrlKey || press.metaKey || press.altKey || isTyping(target) || isDialogOpen()) return;
      const run = current.current[nameOf(press)];
      if (!run) return;
      // Enter and space on a focused button or link belong to it.
      if ((press.key === "Enter" || press.key === " ") && target instanceof HTMLElement && target.closest("button, a, summary")) return;
      press.preventDefault();
      run(press);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
