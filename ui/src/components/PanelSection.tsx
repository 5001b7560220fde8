// Owns a part of the panel that can be closed; the browser's own details element does the work.
import type { ReactNode } from "react";
import { formatCount } from "../model/numbers";
import { Icon } from "./Icon";

interface PanelSectionProps {
  title: string;
  count?: number;
  note?: string;
  isClosed?: boolean;
  children: ReactNode;
}

export function PanelSection({ title, count, note, isClosed = false, children }: PanelSectionProps) {
  return (
    <details className="panel-section" open={!isClosed && count !== 0}>
      <summary>
        <Icon name="chevron" size={12} />
        <h3>{title}</h3>
        {count !== undefined && <span className="section-count">{formatCount(count)}</span>}
        {note && <span className="section-note mono">{note}</span>}
      </summary>
      {children}
    </details>
  );
}
