// Owns a version of a dashboard on the page: how it was, to be looked at only, with what differs from the newest, and the
// ways out: restoring it, or back to the newest.
import { useMemo, useState } from "react";
import { restoreVersion, useBoardVersion, useBoardVersions } from "../../api/boardVersions";
import { useForgetBoards, type LoadedBoard } from "../../api/boards";
import { ApiError } from "../../api/client";
import { isEmbedded } from "../../embedded";
import { boardDifferences, differenceSentences } from "../../model/boardDifferences";
import { dayAndTime, howLongAgo } from "../../model/instant";
import { setParameters } from "../../router";
import { texts } from "../../texts";
import { ErrorNote } from "../ErrorNote";
import { Icon } from "../Icon";
import { LoadingNote } from "../LoadingNote";
import { BoardView } from "./BoardView";

interface BoardVersionViewProps {
  newest: LoadedBoard;
  version: string;
  onHistory: (() => void) | null;
  onRestored: (from: number, now: string) => void;
}

const leave = (): void => setParameters({ version: null }, "push");

export function BoardVersionView({ newest, version, onHistory, onRestored }: BoardVersionViewProps) {
  const say = texts.boardHistory;
  const { name, etag } = newest;
  const loaded = useBoardVersion(name, version);
  const versions = useBoardVersions(name);
  const forget = useForgetBoards();
  const [problem, setProblem] = useState<string | null>(null);
  const [isRestoring, setRestoring] = useState(false);
  const [openedMs] = useState(() => Date.now());
  const sentences = useMemo(() => (loaded.data ? differenceSentences(boardDifferences(loaded.data.board, newest.board)) : []), [loaded.data, newest.board]);
  if (loaded.error) return <ErrorNote error={loaded.error} title={texts.boards.loadFailed} retry={() => void loaded.refetch()} />;
  if (loaded.isPending) return <LoadingNote />;
  if (!loaded.data) return <NoSuchVersion version={version} onHistory={onHistory} />;
  const { board, document } = loaded.data;
  const savedMs = versions.data?.find(({ number }) => String(number) === version)?.savedMs;
  const isNewest = etag === `"${version}"`;
  const restore = async (): Promise<void> => {
    if (etag === null) return;
    setRestoring(true);
    try {
      const now = await restoreVersion(name, document, etag);
      await forget();
      onRestored(Number(version), now);
      leave();
    } catch (error) {
      const isConflict = error instanceof ApiError && error.status === 412;
      setProblem(isConflict ? say.conflict : (error as Error).message);
      setRestoring(false);
      // What differs is told against what somebody else saved, and restoring is over that.
      if (isConflict) await forget();
    }
  };
  const number = Number(version);
  const note = (
    <section className="board-note version-note" aria-label={say.version(number)}>
      <Icon name="history" size={18} />
      <div className="version-said">
        <p>
          <strong>{savedMs === undefined ? say.version(number) : say.note(number, dayAndTime(savedMs).slice(0, -4), howLongAgo(savedMs, openedMs))}</strong>{" "}
          {isNewest ? say.isNewest : say.notNewest} {say.readOnly}
        </p>
        {!isNewest && <Differences sentences={sentences} />}
        {problem && <p className="error-text" role="alert">{say.restoreFailed}: {problem}</p>}
      </div>
      <span className="version-actions">
        {!isEmbedded && !isNewest && <button type="button" className="button primary" title={say.restoreHint} disabled={isRestoring} onClick={() => void restore()}>{say.restore}</button>}
        <button type="button" className="button" onClick={leave}>{say.back}</button>
      </span>
    </section>
  );
  return <BoardView name={name} board={board} isShipped={false} onSave={null} onRemove={null} onHistory={onHistory} note={note} />;
}

/** More sentences than this are opened by a click, so that the dashboard stays in view. */
const OPEN_MOST = 6;

function Differences({ sentences }: { sentences: readonly string[] }) {
  const say = texts.boardHistory;
  if (sentences.length === 0) return <p className="muted">{say.same}</p>;
  const list = <ul>{sentences.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>;
  if (sentences.length > OPEN_MOST) return <details><summary>{say.sinceThen(sentences.length)}</summary>{list}</details>;
  return <><p className="muted">{say.since}</p>{list}</>;
}

export function NoSuchVersion({ version, onHistory }: { version: string; onHistory: (() => void) | null }) {
  const say = texts.boardHistory;
  return (
    <div className="nothing">
      <strong>{say.unknown(version)}</strong>
      <p className="muted">{say.unknownHint}</p>
      <span className="version-actions">
        {onHistory && <button type="button" className="button" onClick={onHistory}>{say.open}</button>}
        <button type="button" className="button primary" onClick={leave}>{say.back}</button>
      </span>
    </div>
  );
}
