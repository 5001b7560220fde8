// Owns the width of the column of names: dragged or moved by key, remembered, never wider than the table allows.
import { useState } from "react";
import { texts } from "../texts";

const KEY = "spanlake.nameWidth";
const LEAST = 120;

export function useNameColumnWidth(tableWidth: number): [number, (width: number) => void] {
  const [chosen, setChosen] = useState<number | null>(() => Number(localStorage.getItem(KEY)) || null);
  const fallback = tableWidth < 600 ? tableWidth * 0.5 : Math.min(Math.max(tableWidth * 0.34, 280), 520);
  const width = Math.round(Math.min(Math.max(chosen ?? fallback, LEAST), Math.max(LEAST, tableWidth * 0.7)));
  const set = (next: number): void => {
    setChosen(next);
    localStorage.setItem(KEY, String(Math.round(next)));
  };
  return [width, set];
}

interface NameColumnHandleProps {
  width: number;
  most: number;
  onChange: (width: number) => void;
}

export function NameColumnHandle({ width, most, onChange }: NameColumnHandleProps) {
  return (
    <div
      className="column-handle"
      role="separator"
      aria-orientation="vertical"
      aria-label={texts.trace.resize}
      aria-valuenow={width}
      aria-valuemin={LEAST}
      aria-valuemax={Math.round(most * 0.7)}
      tabIndex={0}
      style={{ left: width }}
      onPointerDown={(down) => {
        down.currentTarget.setPointerCapture(down.pointerId);
        down.preventDefault();
      }}
      onPointerMove={(move) => {
        if (!move.currentTarget.hasPointerCapture(move.pointerId)) return;
        const left = move.currentTarget.parentElement?.getBoundingClientRect().left ?? 0;
        onChange(Math.max(LEAST, move.clientX - left));
      }}
      onKeyDown={(press) => {
        const step = press.key === "ArrowLeft" ? -20 : press.key === "ArrowRight" ? 20 : 0;
        if (step === 0) return;
        press.preventDefault();
        press.stopPropagation();
        onChange(Math.max(LEAST, width + step));
      }}
    />
  );
}
