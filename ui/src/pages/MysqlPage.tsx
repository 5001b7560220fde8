// Owns the page of all MySQL servers: their lights, the figures that matter, small lines of the last half hour. Which lights
// and which words is in the address. Never draws a row itself.
import { useMemo, useRef } from "react";
import { ApiError } from "../api/client";
import { useMysqlServers } from "../api/mysqlQueries";
import type { Light } from "../api/mysqlTypes";
import { ErrorNote } from "../components/ErrorNote";
import { Icon } from "../components/Icon";
import { LoadingNote } from "../components/LoadingNote";
import { FleetEmpty } from "../components/mysql/FleetEmpty";
import { FleetTable } from "../components/mysql/FleetTable";
import { ServerLight } from "../components/mysql/ServerLight";
import { useRowKeys } from "../components/mysql/useRowKeys";
import { useDelayedText } from "../components/useDelayedText";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import { chosenServers, countLights, worstFirst } from "../model/mysqlLight";
import { useParameter } from "../router";
import { texts } from "../texts";
import "../styles/mysql.css";

const said = texts.mysqlPage;
const LIGHTS: readonly Light[] = ["red", "yellow", "green"];

export default function MysqlPage() {
  useTitle(said.title);
  const answer = useMysqlServers();
  const [query] = useParameter("q");
  const [light, setLight] = useParameter("light");
  const find = useDelayedText("q", query ?? "");
  const body = useRef<HTMLDivElement>(null);
  const servers = answer.data;
  const shown = useMemo(() => worstFirst(chosenServers(servers ?? [], light, query ?? "")), [servers, light, query]);
  const counts = useMemo(() => countLights(servers ?? []), [servers]);
  useShortcuts({ "/": () => document.getElementById("find-server")?.focus() });
  useRowKeys(body);
  if (servers?.length === 0) return <FleetEmpty />;
  const isAbsent = answer.error instanceof ApiError && answer.error.status === 404;
  return (
    <div className="mysql-page">
      <h1 className="sr-only">{said.title}</h1>
      <form className="filters mysql-bar" onSubmit={(submit) => submit.preventDefault()}>
        <label className="search-field">
          <Icon name="search" size={14} />
          <input id="find-server" value={find.text} placeholder={said.find} aria-label={said.find} spellCheck={false} autoComplete="off" onChange={(change) => find.change(change.target.value)} onKeyDown={(press) => press.key === "Escape" && press.currentTarget.blur()} />
        </label>
        <div className="light-filter" role="group" aria-label={said.all}>
          {LIGHTS.map((one) => (
            <button key={one} type="button" className="button small-button" aria-pressed={light === one} disabled={counts[one] === 0 && light !== one} title={said.lightCount(counts[one], said.lights[one])} onClick={() => setLight(light === one ? null : one)}>
              <ServerLight light={one} />
              <span className="light-count">{counts[one]}</span>
              <span className="light-word">{said.lights[one]}</span>
            </button>
          ))}
        </div>
      </form>
      <div className="mysql-body fleet-body" ref={body}>
        {isAbsent && <div className="nothing"><strong>{said.empty.absent}</strong></div>}
        {answer.error && !servers && !isAbsent && <ErrorNote error={answer.error} retry={() => void answer.refetch()} />}
        {answer.isPending && !answer.error && <LoadingNote />}
        {answer.error && servers && <p className="kept-note" role="status">{said.lost}</p>}
        {servers && shown.length === 0 && <div className="nothing"><strong>{said.noMatch}</strong></div>}
        {shown.length > 0 && <FleetTable servers={shown} isOutOfSight={answer.error !== null} />}
      </div>
    </div>
  );
}
