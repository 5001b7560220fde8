// Owns the list of metric names: finding and choosing one. Virtualised, because there can be thousands.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { MetricInfo } from "../api/types";
import { findMetrics } from "../model/metricFinder";
import { addressOf, METRICS_PATH } from "../router";
import { texts } from "../texts";
import { MetricFacts } from "./explore/MetricCards";
import { MetricSearch } from "./explore/MetricSearch";
import { Link } from "./Link";

const ROW_PX = 46;

export function MetricList({ metrics, chosen }: { metrics: readonly MetricInfo[]; chosen: string | null }) {
  const [typed, setTyped] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => findMetrics(metrics, typed), [metrics, typed]);
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 8 });
  const range = new URLSearchParams(window.location.search).get("range");
  return (
    <nav className="metric-list" aria-label={texts.metrics.list}>
      <MetricSearch typed={typed} onType={setTyped} first={shown[0]} />
      <div className="metric-scroller" ref={scroller}>
        {shown.length === 0 && <p className="muted none">{texts.explorer.noMatch}</p>}
        <ul style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const metric = shown[item.index];
            return (
              <li key={metric.name} style={{ transform: `translateY(${item.start}px)` }}>
                <Link href={addressOf(METRICS_PATH, { name: metric.name, range })} aria-current={metric.name === chosen ? "true" : undefined} title={metric.description}>
                  <MetricFacts metric={metric} />
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    </nav>
  );
}
