// Owns listening for keys: never while someone types into a field, never together with Ctrl, Alt or Meta.
import { useEffect, useRef } from "react";

export type Shortcuts = Record<string, (press: KeyboardEvent) => void>;

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
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
      const run = current.current[press.key];
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
