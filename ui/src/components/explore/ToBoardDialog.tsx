// Owns taking what the explorer shows along to a dashboard: one of one's own, or a new one.
import { loadBoard, saveBoard, saveNewBoard, useBoardList, useForgetBoards } from "../../api/boards";
import { freePlace } from "../../layout/boardGrid";
import { emptyBoard, freeId, newPanel, type Board, type Panel } from "../../model/board";
import { addressOf, BOARDS_PATH, navigate } from "../../router";
import { texts } from "../../texts";
import { useState } from "react";
import { Dialog } from "../Dialog";
import { ErrorNote } from "../ErrorNote";
import { Icon } from "../Icon";

const [WIDTH, HEIGHT] = [12, 8];

export function ToBoardDialog({ panel, onClose }: { panel: Pick<Panel, "title" | "queries" | "unit" | "drawing">; onClose: () => void }) {
  const list = useBoardList();
  const forget = useForgetBoards();
  const [failed, setFailed] = useState<Error | null>(null);
  const own = (list.data?.entries ?? []).filter((entry) => !entry.isShipped && entry.file === undefined);
  const add = async (name: string | null): Promise<void> => {
    try {
      const loaded = name === null ? null : await loadBoard(name);
      const board: Board = loaded?.board ?? emptyBoard(texts.boards.freshTitle);
      const id = freeId(board.panels);
      const next = { ...board, panels: [...board.panels, { ...newPanel(id, freePlace(board.panels, WIDTH, HEIGHT), panel.title), ...panel, legend: "line" as const }] };
      if (name !== null) await saveBoard(name, next, loaded?.etag ?? null);
      const target = name ?? (await saveNewBoard(next));
      await forget();
      navigate(addressOf(`${BOARDS_PATH}/${encodeURIComponent(target)}`));
    } catch (error) {
      setFailed(error as Error);
    }
  };
  return (
    <Dialog title={texts.boards.toBoardTitle} onClose={onClose}>
      {failed && <ErrorNote error={failed} title={texts.boards.saveFailed} />}
      <ul className="to-board">
        <li><button type="button" className="button" onClick={() => void add(null)}><Icon name="plus" size={12} />{texts.boards.onNew}</button></li>
        {own.map((entry) => <li key={entry.name}><button type="button" className="button" onClick={() => void add(entry.name)}><Icon name="board" size={13} />{entry.title}</button></li>)}
      </ul>
    </Dialog>
  );
}
