// Owns the list of a dashboard's versions, newest first, each a link to how it was.
import { useState } from "react";
import { useBoardVersions } from "../../api/boardVersions";
import { dayAndTime, howLongAgo } from "../../model/instant";
import { addressOf, useSearch } from "../../router";
import { texts } from "../../texts";
import { Dialog } from "../Dialog";
import { ErrorNote } from "../ErrorNote";
import { Link } from "../Link";
import { LoadingNote } from "../LoadingNote";

/** The same view of another version: its range and variables stay. */
function versionAddress(search: string, version: number | null): string {
  const parameters = Object.fromEntries(new URLSearchParams(search));
  return addressOf(window.location.pathname, { ...parameters, version: version === null ? null : String(version) });
}

export function BoardHistory({ name, title, shown, onClose }: { name: string; title: string; shown: string | null; onClose: () => void }) {
  const say = texts.boardHistory;
  const versions = useBoardVersions(name);
  const search = useSearch();
  const [openedMs] = useState(() => Date.now());
  return (
    <Dialog title={say.title(title)} onClose={onClose}>
      <p className="muted small">{say.hint}</p>
      {versions.error ? <ErrorNote error={versions.error} title={say.loadFailed} retry={() => void versions.refetch()} /> : !versions.data ? <LoadingNote /> : (
        <ol className="board-versions">
          {versions.data.map(({ number, savedMs }, place) => {
            const isNewest = place === 0;
            const isShown = shown === null ? isNewest : shown === String(number);
            return (
              <li key={number}>
                <Link href={versionAddress(search, isNewest ? null : number)} aria-current={isShown || undefined} onClick={onClose}>
                  <strong>{say.version(number)}</strong>
                  <span>{isNewest && <span className="version-mark">{say.newest}</span>}{isShown && <span className="version-mark">{say.shown}</span>}</span>
                  <span className="number">{howLongAgo(savedMs, openedMs)}</span>
                  <time className="muted number" dateTime={new Date(savedMs).toISOString()}>{dayAndTime(savedMs).slice(0, -4)}</time>
                </Link>
              </li>
            );
          })}
        </ol>
      )}
    </Dialog>
  );
}
