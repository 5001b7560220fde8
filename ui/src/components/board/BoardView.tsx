// Owns a dashboard on the page: its head, variables, panels, and editing it as a draft until it is saved. What is looked at
// is in the address: range, refresh, values of variables, the one panel shown alone, the view without a head.
import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { useBoardMarks, useBoardVariables } from "../../api/boardQueries";
import { useLiveState, useLiveSteps } from "../../api/liveQueries";
import { useSteps } from "../../api/promQueries";
import { isEmbedded } from "../../embedded";
import { freePlace } from "../../layout/boardGrid";
import { repeatPanels } from "../../layout/boardRepeat";
import { freeId, newPanel, type Board, type Panel } from "../../model/board";
import type { ChosenValues } from "../../model/boardVariables";
import { writeRange } from "../../model/instant";
import { addressOf, BOARDS_PATH, setParameters, useParameter, useSearch } from "../../router";
import { toggleFullScreen } from "../../fullScreen";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { OpenWhole } from "../OpenWhole";
import { useShortcuts } from "../useShortcuts";
import { BoardGrid } from "./BoardGrid";
import { BoardHead } from "./BoardHead";
import { BoardMarksContext } from "./boardMarks";
import { BoardSettings } from "./BoardSettings";
import { PanelEditor } from "./PanelEditor";
import { PanelFrame } from "./PanelFrame";
import { PanelTools } from "./PanelTools";
import { VariableBar } from "./VariableBar";

interface BoardViewProps {
  name: string;
  board: Board;
  isShipped: boolean;
  /** Gives what went wrong as a sentence, or null. Null where it is only looked at. */
  onSave: ((board: Board) => Promise<string | null>) | null;
  onRemove: (() => void) | null;
  onHistory: (() => void) | null;
  /** What is to be known of this dashboard before its panels are read. */
  note?: ReactNode;
}

const POINTS = 150;
/** A panel is narrow: five minutes still have a step a second. */
const LIVE_POINTS = 300;
/** What is not told live (SQL, traces, marks) is asked for meanwhile. */
const LIVE_REFRESH_S = 5;
const SYNC_KEY = "board";

export function BoardView({ name, board, isShipped, onSave, onRemove, onHistory, note }: BoardViewProps) {
  const [draft, setDraft] = useState<Board | null>(null);
  const [editedId, setEditedId] = useState<string | null>(null);
  const [isSettings, setSettings] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [rangeText] = useParameter("range");
  const [refreshText] = useParameter("refresh");
  const [fullId] = useParameter("panel");
  const [kiosk] = useParameter("kiosk");
  const [editText] = useParameter("edit");
  const search = useSearch();
  const isEditable = onSave !== null && !isEmbedded;
  const isEditing = editText === "on" && isEditable;
  const shown = isEditing ? (draft ?? board) : board;
  const isChanged = isEditing && draft !== null && draft !== board;
  const range = rangeText ?? shown.range ?? "1h";
  const isLive = refreshText === "live" && !isEditing;
  const refresh = isLive ? LIVE_REFRESH_S : refreshText === null ? (shown.refresh ?? 0) : Number(refreshText) || 0;
  const liveState = useLiveState(isLive);
  const liveSteps = useLiveSteps(range, isLive && liveState !== "unavailable", LIVE_POINTS);
  const { steps, refresh: refreshNow } = useSteps(range, refresh > 0 && !isEditing ? refresh * 1000 : null, POINTS);
  const address = useMemo(() => new URLSearchParams(search), [search]);
  const states = useBoardVariables(shown, address, steps);
  const chosenText = JSON.stringify(Object.entries(states).map(([key, state]) => [key, state.chosen]));
  const chosen = useMemo(() => Object.fromEntries(JSON.parse(chosenText) as [string, ChosenValues[string]][]), [chosenText]);
  const isReady = (shown.variables ?? []).every((variable) => !states[variable.name].isPending || address.has(`var-${variable.name}`));
  const marks = useBoardMarks(shown, chosen, steps, isReady);
  const zoom = useCallback((from: number, to: number) => setParameters({ range: writeRange({ startMs: from * 1000, endMs: to * 1000 }) }, "push"), []);
  const change = useCallback((make: (before: Board) => Board) => setDraft((before) => make(before ?? board)), [board]);
  const setEditing = (isOn: boolean): void => setParameters({ edit: isOn ? "on" : null, panel: null, kiosk: null });

  useEffect(() => {
    if (!isChanged) return;
    const warn = (leaving: BeforeUnloadEvent): void => leaving.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isChanged]);
  useShortcuts({
    e: () => isEditable && setEditing(true),
    r: refreshNow,
    l: () => setParameters({ refresh: isLive ? null : "live" }),
    k: () => !isEmbedded && setParameters({ kiosk: kiosk === "on" ? null : "on" }),
    Escape: () => !isEmbedded && setParameters({ panel: null, kiosk: null }),
  });

  const addPanel = (kind: "timeseries" | "row"): void =>
    change((before) => {
      const id = freeId(before.panels);
      const place = kind === "row" ? { ...freePlace(before.panels, 24, 1), y: 9999 } : freePlace(before.panels, 12, 8);
      if (kind !== "row") setEditedId(id);
      return { ...before, panels: [...before.panels, newPanel(id, kind === "row" ? { ...place, y: before.panels.reduce((most, panel) => Math.max(most, panel.y + panel.h), 0) } : place, kind === "row" ? texts.boards.addRow : "", kind)] };
    });
  const save = async (): Promise<void> => {
    const failed = onSave && draft && draft !== board ? await onSave(draft) : null;
    setProblem(failed);
    if (failed !== null) return;
    setDraft(null);
    setEditing(false);
  };
  const discard = (): void => {
    if (isChanged && !window.confirm(texts.boards.confirmDiscard)) return;
    setDraft(null);
    setEditing(false);
  };
  // A board is edited as it is written; looked at, panels repeat.
  const repeated = useMemo(() => (isEditing ? null : repeatPanels(shown.panels, chosen)), [isEditing, shown.panels, chosen]);
  const panels = useMemo(() => (repeated ? [...repeated.values()].map((one) => one.panel) : shown.panels), [repeated, shown.panels]);
  const chosenFor = (panel: Panel): ChosenValues => repeated?.get(panel.id)?.chosen ?? chosen;
  const frame = (panel: Panel, tools = true) => (
    <PanelFrame
      key={panel.id} panel={panel} steps={steps} liveSteps={liveSteps} chosen={chosenFor(panel)} isReady={isReady} syncKey={SYNC_KEY} onZoom={zoom}
      tools={tools && !isEmbedded && (
        <PanelTools
          panel={panel} steps={steps} chosen={chosenFor(panel)} range={range} isEditing={isEditing} isAlone={fullId !== null}
          onEdit={() => setEditedId(panel.id)}
          onCopy={() => change((before) => ({ ...before, panels: [...before.panels, { ...panel, id: freeId(before.panels), ...freePlace(before.panels, panel.w, panel.h) }] }))}
          onRemove={() => change((before) => ({ ...before, panels: before.panels.filter((one) => one.id !== panel.id) }))}
        />
      )}
    />
  );
  const full = fullId === null ? null : panels.find((panel) => panel.id === fullId);
  const edited = editedId === null ? null : shown.panels.find((panel) => panel.id === editedId);
  const isKiosk = (kiosk === "on" || isEmbedded) && !isEditing;
  return (
    <BoardMarksContext value={marks}>
      <div className="board-page" data-kiosk={isKiosk || undefined}>
        {!isKiosk && (
          <BoardHead
            name={name} board={shown} isShipped={isShipped} isEditing={isEditing} isChanged={isChanged} range={range} refresh={isLive ? "live" : refresh} isLost={liveSteps !== null && liveState === "lost"} onRefresh={refreshNow}
            onHistory={onHistory} onEdit={isEditable ? () => setEditing(true) : null} onSave={() => void save()} onDiscard={discard} onAdd={addPanel} onSettings={() => setSettings(true)} onRemove={onRemove}
          />
        )}
        {(!isKiosk || isEmbedded) && note}
        {problem && <p className="board-problem error-text" role="alert">{texts.boards.saveFailed}: {problem}</p>}
        {!(isEmbedded && full) && <VariableBar variables={shown.variables ?? []} states={states} />}
        {isEmbedded && <OpenWhole className="leave-kiosk" />}
        {isKiosk && !isEmbedded && <button type="button" className="icon-button leave-kiosk full-screen" title={texts.boards.fullScreen} aria-label={texts.boards.fullScreen} onClick={toggleFullScreen}><Icon name="expand" /></button>}
        {isKiosk && !isEmbedded && <button type="button" className="icon-button leave-kiosk" title={texts.boards.leaveKiosk} aria-label={texts.boards.leaveKiosk} onClick={() => setParameters({ kiosk: null })}><Icon name="close" /></button>}
        {full ? (
          <div className="board-full">
            {!isEmbedded && <Link className="small" href={addressOf(`${BOARDS_PATH}/${encodeURIComponent(name)}`, { ...Object.fromEntries(address), panel: null })}>‹ {texts.boards.backToBoard}</Link>}
            {frame(full)}
          </div>
        ) : shown.panels.length === 0 ? (
          <p className="nothing muted">{texts.boards.emptyBoard}</p>
        ) : (
          <BoardGrid
            panels={panels} isEditing={isEditing} draw={frame}
            onPlace={(panels) => change((before) => ({ ...before, panels }))}
            onTitle={(id, title) => change((before) => ({ ...before, panels: before.panels.map((panel) => (panel.id === id ? { ...panel, title } : panel)) }))}
            onRemove={(id) => change((before) => ({ ...before, panels: before.panels.filter((panel) => panel.id !== id) }))}
            onEdit={setEditedId}
          />
        )}
        {edited && (
          <PanelEditor
            key={edited.id} panel={edited} preview={(panel) => frame(panel, false)} onClose={() => setEditedId(null)}
            onDone={(panel) => {
              change((before) => ({ ...before, panels: before.panels.map((one) => (one.id === panel.id ? panel : one)) }));
              setEditedId(null);
            }}
          />
        )}
        {isSettings && <BoardSettings board={shown} onClose={() => setSettings(false)} onDone={(next) => {
          change(() => next);
          setSettings(false);
        }} />}
      </div>
    </BoardMarksContext>
  );
}
