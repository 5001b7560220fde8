// Owns the field that finds metrics: `/` goes there, Enter opens the best match.
import { useRef } from "react";
import type { MetricInfo } from "../../api/types";
import { addressOf, METRICS_PATH, navigate } from "../../router";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { useShortcuts } from "../useShortcuts";

export function MetricSearch({ typed, onType, first }: { typed: string; onType: (typed: string) => void; first: MetricInfo | undefined }) {
  const field = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => field.current?.focus() });
  return (
    <label className="search-field">
      <Icon name="search" size={14} />
      <input
        ref={field}
        value={typed}
        placeholder={texts.explorer.find}
        aria-label={texts.explorer.find}
        onChange={(change) => onType(change.target.value)}
        onKeyDown={(press) => {
          if (press.key === "Enter" && first) navigate(addressOf(METRICS_PATH, { name: first.name, range: new URLSearchParams(window.location.search).get("range") }));
          if (press.key === "Escape") press.currentTarget.blur();
        }}
      />
    </label>
  );
}
