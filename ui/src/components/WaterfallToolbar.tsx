// Owns the search inside the trace and the buttons for log lines, levels, zoom and the critical path.
import { useState, type RefObject } from "react";
import { fullWindow, isFull } from "../layout/timeWindow";
import { texts } from "../texts";
import { Icon, type IconName } from "./Icon";
import type { Waterfall } from "./useWaterfall";
import { WaterfallColours } from "./WaterfallColours";
import { WaterfallServices } from "./WaterfallServices";
import type { WaterfallLogs } from "./useWaterfallLogs";

interface WaterfallToolbarProps {
  waterfall: Waterfall;
  logs: WaterfallLogs;
  search: RefObject<HTMLInputElement | null>;
  isCritical: boolean;
  toggleCritical: () => void;
  /** The flame view has no rows to fold, collapse or write under. */
  isFlame: boolean;
}

export function WaterfallToolbar({ waterfall, logs, search, isCritical, toggleCritical, isFlame }: WaterfallToolbarProps) {
  const { tree, matches, cursor, query } = waterfall;
  const at = cursor === null ? -1 : matches.indexOf(cursor);
  return (
    <div className="toolbar">
      <SearchField waterfall={waterfall} field={search} />
      {query !== "" && (
        <>
          <span className="match-count" role="status">
            {texts.trace.matches(at + 1, matches.length)}
          </span>
          <ToolButton icon="up" label={texts.trace.previousMatch} onClick={() => waterfall.goToMatch(-1)} />
          <ToolButton icon="down" label={texts.trace.nextMatch} onClick={() => waterfall.goToMatch(1)} />
        </>
      )}
      {(query !== "" || (isCritical && !isFlame)) && !isFlame && (
        <button type="button" className="button small-button" aria-pressed={waterfall.isOnly} aria-label={texts.trace.only} title={texts.trace.onlyHint} onClick={waterfall.toggleOnly}>
          <Icon name="eye" size={14} />
          <span className="wide-only">{texts.trace.only}</span>
        </button>
      )}
      <span className="toolbar-gap" />
      {!isFull(waterfall.window, tree.totalNs) && (
        <button type="button" className="button small-button" onClick={() => waterfall.setWindow(fullWindow(tree.totalNs))}>
          <Icon name="whole" size={14} />
          {texts.trace.resetZoom}
        </button>
      )}
      {!isFlame && waterfall.foldedAway > 0 && (
        <button type="button" className="button small-button" aria-pressed={waterfall.foldState !== null} aria-label={texts.trace.fold} title={texts.trace.foldHint(waterfall.foldedAway)} onClick={waterfall.toggleFolding}>
          <Icon name="fold" size={14} />
          <span className="wide-only">{texts.trace.fold}</span>
        </button>
      )}
      <WaterfallColours waterfall={waterfall} />
      {!isFlame && <WaterfallServices waterfall={waterfall} />}
      {!isFlame && <RowTools waterfall={waterfall} logs={logs} isCritical={isCritical} toggleCritical={toggleCritical} />}
    </div>
  );
}

function RowTools({ waterfall, logs, isCritical, toggleCritical }: Omit<WaterfallToolbarProps, "search" | "isFlame">) {
  return (
    <>
      <LogsToggle logs={logs} />
      <button type="button" className="button small-button" aria-pressed={isCritical} aria-label={texts.trace.critical} title={texts.trace.criticalHint} onClick={toggleCritical}>
        <Icon name="path" size={14} />
        <span className="wide-only">{texts.trace.critical}</span>
      </button>
      <span className="button-group">
        <ToolButton icon="collapseAll" label={texts.trace.collapseAll} onClick={waterfall.collapseEverything} />
        <ToolButton icon="levelLess" label={texts.trace.collapseLevel} onClick={() => waterfall.changeLevel(-1)} />
        <ToolButton icon="levelMore" label={texts.trace.expandLevel} onClick={() => waterfall.changeLevel(1)} />
        <ToolButton icon="expandAll" label={texts.trace.expandAll} onClick={waterfall.expandEverything} />
      </span>
    </>
  );
}

function LogsToggle({ logs }: { logs: WaterfallLogs }) {
  const hint = logs.total === 0 ? texts.trace.noLogLines : texts.trace.logLinesHint(logs.total);
  return (
    <>
      {logs.error && (
        <button type="button" className="text-button error-text" role="alert" title={logs.error.message} onClick={logs.retry}>
          {texts.trace.logLinesFailed}
        </button>
      )}
      <button type="button" className="button small-button" aria-pressed={logs.isOn} aria-busy={logs.isLoading} aria-label={texts.trace.logLines} title={hint} disabled={logs.total === 0 && !logs.isOn} onClick={logs.toggle}>
        <Icon name="log" size={14} />
        <span className="wide-only">{texts.trace.logLines}</span>
      </button>
    </>
  );
}

function ToolButton({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" className="icon-button" title={label} aria-label={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

function SearchField({ waterfall, field }: { waterfall: Waterfall; field: RefObject<HTMLInputElement | null> }) {
  const [isFocused, setFocused] = useState(false);
  return (
    <label className="search-field" data-focused={isFocused || undefined}>
      <Icon name="search" size={14} />
      <input
        ref={field}
        value={waterfall.query}
        placeholder={texts.trace.search}
        aria-label={texts.trace.search}
        title={texts.trace.searchHint}
        spellCheck={false}
        autoComplete="off"
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onChange={(change) => waterfall.setQuery(change.target.value)}
        onKeyDown={(press) => {
          if (press.key === "Enter") waterfall.goToMatch(press.shiftKey ? -1 : 1);
          if (press.key !== "Escape") return;
          if (waterfall.query !== "") waterfall.setQuery("");
          else press.currentTarget.blur();
        }}
      />
    </label>
  );
}
