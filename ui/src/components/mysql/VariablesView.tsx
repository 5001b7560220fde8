// Owns the view of a server's variables: found by name or value, those that changed marked with what they were.
import { useMemo } from "react";
import { useMysqlVariables } from "../../api/mysqlQueries";
import type { MysqlEvent } from "../../api/mysqlTypes";
import { dayAndTime } from "../../model/instant";
import { detailText } from "../../model/mysqlEvents";
import { momentMs } from "../../model/mysqlRing";
import { setParameters, useParameter } from "../../router";
import { texts } from "../../texts";
import { ErrorNote } from "../ErrorNote";
import { Icon } from "../Icon";
import { LoadingNote } from "../LoadingNote";
import { useDelayedText } from "../useDelayedText";

const said = texts.mysqlPage.variables;

export function VariablesView({ server }: { server: string }) {
  const answer = useMysqlVariables(server);
  const [query] = useParameter("q");
  const [which] = useParameter("which");
  const find = useDelayedText("q", query ?? "");
  const changes = useMemo(() => newestByName(answer.data?.changes ?? []), [answer.data]);
  const words = (query ?? "").toLowerCase();
  const all = answer.data?.variables ?? [];
  const shown = all.filter((one) => (which !== "changed" || changes.has(one.name)) && `${one.name} ${one.value}`.toLowerCase().includes(words));
  return (
    <div className="variables-view">
      <div className="digest-tools">
        <label className="search-field">
          <Icon name="search" size={14} />
          <input data-find value={find.text} placeholder={said.filter} aria-label={said.filter} spellCheck={false} autoComplete="off" onChange={(change) => find.change(change.target.value)} onKeyDown={(press) => press.key === "Escape" && press.currentTarget.blur()} />
        </label>
        <button type="button" className="button small-button" aria-pressed={which === "changed"} disabled={changes.size === 0} onClick={() => setParameters({ which: which === "changed" ? null : "changed" })}>{said.onlyChanged} <span className="faint">{changes.size}</span></button>
        <span className="muted small">{said.count(shown.length)}</span>
        {answer.data && changes.size === 0 && <span className="muted small">{said.noChanges}</span>}
      </div>
      {answer.error && !answer.data && <ErrorNote error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && !answer.error && <LoadingNote />}
      {answer.data && shown.length === 0 && <p className="quiet muted">{said.none}</p>}
      {shown.length > 0 && (
        <table className="mysql-table variables">
          <thead><tr><th scope="col">{said.columns.name}</th><th scope="col">{said.columns.value}</th><th scope="col">{said.columns.changed}</th></tr></thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.name} data-changed={changes.has(one.name) || undefined}>
                <th scope="row" className="mono">{one.name}</th>
                <td className="mono wrap">{one.value === "" ? <span className="faint">–</span> : one.value}</td>
                <td className="small"><Change event={changes.get(one.name)} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Change({ event }: { event: MysqlEvent | undefined }) {
  if (!event) return null;
  return (
    <>
      <span>{dayAndTime(momentMs(event.time)).slice(0, 19)}</span>
      <span className="muted was mono">{said.was(detailText(event.detail, "before") ?? "–")}</span>
    </>
  );
}

function newestByName(changes: readonly MysqlEvent[]): Map<string, MysqlEvent> {
  const found = new Map<string, MysqlEvent>();
  for (const event of [...changes].sort((a, b) => momentMs(a.time) - momentMs(b.time))) {
    const name = detailText(event.detail, "name");
    if (name !== null) found.set(name, event);
  }
  return found;
}
