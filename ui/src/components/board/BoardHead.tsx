// Owns the line over a dashboard: its title and links, range, refresh, and the actions on the whole of it.
import { saveAs } from "../../api/download";
import type { Board } from "../../model/board";
import { writeBoard } from "../../model/boardReading";
import { addressOf, BOARDS_PATH, setParameters } from "../../router";
import { texts } from "../../texts";
import { EmbedButton } from "../EmbedButton";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { TimeRangePicker } from "../TimeRangePicker";
import { BoardAnchor } from "./RowBodies";

const REFRESHES = [0, 5, 10, 30, 60, 300] as const;
const LIVE = "live";

interface BoardHeadProps {
  name: string;
  board: Board;
  isShipped: boolean;
  isEditing: boolean;
  isChanged: boolean;
  range: string;
  refresh: number | typeof LIVE;
  /** Live, and the connection is gone for now. */
  isLost: boolean;
  onRefresh: () => void;
  /** Null where there are no earlier versions. */
  onHistory: (() => void) | null;
  /** Null where it is only looked at. */
  onEdit: (() => void) | null;
  onSave: () => void;
  onDiscard: () => void;
  onAdd: (kind: "timeseries" | "row") => void;
  onSettings: () => void;
  onRemove: (() => void) | null;
}

export function BoardHead({ name, board, isEditing, isChanged, range, refresh, isLost, onRefresh, onHistory, onEdit, onSave, onDiscard, onAdd, onSettings, onRemove, isShipped }: BoardHeadProps) {
  const say = texts.boards;
  const download = (): void => saveAs(new Blob([writeBoard(board)], { type: "application/json" }), `${name}.json`);
  return (
    <header className="board-head">
      <Link className="icon-button" href={addressOf(BOARDS_PATH)} title={say.all} aria-label={say.all}><Icon name="back" /></Link>
      <h1 title={board.description}>{board.title}</h1>
      {isChanged && <span className="muted small">{say.unsaved}</span>}
      <span className="board-links">{board.links?.map((link, place) => <BoardAnchor key={place} url={link.url} title={link.title} />)}</span>
      <span className="toolbar-gap" />
      {isEditing ? (
        <>
          <button type="button" className="button" onClick={() => onAdd("timeseries")}><Icon name="plus" size={12} />{say.addPanel}</button>
          <button type="button" className="button" onClick={() => onAdd("row")}><Icon name="plus" size={12} />{say.addRow}</button>
          <button type="button" className="button" onClick={onSettings}>{say.settings}</button>
          {onRemove && <button type="button" className="button" onClick={onRemove}>{isShipped ? say.restore : say.remove}</button>}
          <button type="button" className="button" onClick={onDiscard}>{say.discard}</button>
          <button type="button" className="button primary" onClick={onSave}>{say.done}</button>
        </>
      ) : (
        <>
          <TimeRangePicker range={range} onChange={(next) => setParameters({ range: next === (board.range ?? "1h") ? null : next }, "push")} />
          {isLost && <span className="warn-text small" role="status">{texts.explorer.liveLost}</span>}
          <select aria-label={say.refresh} value={refresh} onChange={(change) => setParameters({ refresh: change.target.value === String(board.refresh ?? 0) ? null : change.target.value })}>
            <option value={LIVE}>{texts.common.live}</option>
            {[...new Set<number>([...REFRESHES, ...(refresh === LIVE ? [] : [refresh])])].sort((a, b) => a - b).map((seconds) => <option key={seconds} value={seconds}>{say.refreshEvery(seconds)}</option>)}
          </select>
          <button type="button" className="icon-button" title={say.refreshNow} aria-label={say.refreshNow} onClick={onRefresh}><Icon name="reload" size={15} /></button>
          <button type="button" className="icon-button" title={say.kiosk} aria-label={say.kiosk} onClick={() => setParameters({ kiosk: "on" })}><Icon name="expand" size={15} /></button>
          <button type="button" className="icon-button" title={say.download} aria-label={say.download} onClick={download}><Icon name="download" size={15} /></button>
          <EmbedButton title={board.title} height={720} />
          {onHistory && <button type="button" className="icon-button" title={texts.boardHistory.open} aria-label={texts.boardHistory.open} onClick={onHistory}><Icon name="history" size={15} /></button>}
          {onEdit && <button type="button" className="button" onClick={onEdit}><Icon name="edit" size={13} />{say.edit}</button>}
        </>
      )}
    </header>
  );
}
