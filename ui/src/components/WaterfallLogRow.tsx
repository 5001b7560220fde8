// Owns one log record as a thin row under its span: level and text on the left, its moment on the right.
// A button over the whole row, so that it is reached by Tab too. Never fetches.
import type { LogRecord } from "../api/types";
import { indentOf, placeMoment } from "../layout/bars";
import { formatDuration } from "../model/duration";
import { severityLevel } from "../model/severity";
import { sinceOrigin } from "../model/spanLogs";
import { texts } from "../texts";
import { logBody, SeverityMark } from "./LogLines";
import type { Waterfall } from "./useWaterfall";
import { ROW_INDENT } from "./WaterfallRow";

interface WaterfallLogRowProps {
  waterfall: Waterfall;
  node: number;
  log: LogRecord;
  top: number;
  isOpen: boolean;
  onOpen: () => void;
  indentMost: number;
}

export function WaterfallLogRow({ waterfall, node, log, top, isOpen, onOpen, indentMost }: WaterfallLogRowProps) {
  const { tree, window, matching } = waterfall;
  const at = sinceOrigin(tree, log);
  const place = placeMoment(at, window);
  const body = logBody(log);
  const since = `${at < 0 ? "" : "+"}${formatDuration(at)}`;
  return (
    <div
      className="waterfall-log"
      role="treeitem"
      aria-level={tree.depthOf[node] + 2}
      aria-selected={isOpen}
      data-level={severityLevel(log.severity_number) ?? undefined}
      data-dim={(matching !== null && matching[node] === 0) || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      <button type="button" title={texts.trace.openLog(body)} onClick={onOpen}>
        <span className="row-name">
          <span className="indent" style={{ width: indentOf(tree.depthOf[node] + 1, ROW_INDENT, indentMost) }} />
          <SeverityMark log={log} />
          <span className="log-body">{body}</span>
        </span>
        <span className="row-time">
          {place === null ? (
            <span className="bar-offscreen" data-side={at < window.startNs ? "before" : "after"}>
              {at < window.startNs ? `‹ ${since}` : `${since} ›`}
            </span>
          ) : (
            <>
              <span className="log-moment" style={{ left: `${place}%` }} />
              <span className="bar-label" data-at={place > 70 ? "left" : "right"} style={place > 70 ? { right: `${100 - place}%` } : { left: `${place}%` }}>
                {since}
              </span>
            </>
          )}
        </span>
      </button>
    </div>
  );
}
