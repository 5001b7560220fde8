// Owns the list of metric names: searching it and choosing one. Virtualised, because there can be thousands.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { MetricInfo } from "../api/types";
import { addressOf, METRICS_PATH } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";

export function MetricList({ metrics, chosen }: { metrics: MetricInfo[]; chosen: string | null }) {
  const [filter, setFilter] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (metric: MetricInfo): string => `${metric.name} ${metric.type} ${metric.unit} ${metric.description} ${metric.services.join(" ")}`.toLowerCase();
    return metrics.filter((metric) => words.every((word) => text(metric).includes(word))).sort((a, b) => (a.name < b.name ? -1 : 1));
  }, [metrics, filter]);
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => 46, overscan: 8 });
  return (
    <nav className="metric-list" aria-label={texts.metrics.list}>
      <label className="search-field">
        <Icon name="search" size={14} />
        <input value={filter} placeholder={texts.metrics.search} aria-label={texts.metrics.search} onChange={(change) => setFilter(change.target.value)} />
      </label>
      <div className="metric-scroller" ref={scroller}>
        {shown.length === 0 && <p className="muted none">{texts.metrics.noMatch}</p>}
        <ul style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const metric = shown[item.index];
            return (
              <li key={metric.name} style={{ transform: `translateY(${item.start}px)` }}>
                <Link href={addressOf(METRICS_PATH, { name: metric.name, range: new URLSearchParams(window.location.search).get("range") })} aria-current={metric.name === chosen ? "true" : undefined} title={metric.description}>
                  <span className="metric-name">{metric.name}</span>
                  <span className="metric-facts">
                    <span>{metric.type}</span>
                    {metric.unit && <span>{metric.unit}</span>}
                    <span className="metric-series">{texts.metrics.series(metric.series)}</span>
                  </span>
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    </nav>
  );
}
