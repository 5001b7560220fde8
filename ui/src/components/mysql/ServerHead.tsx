// Owns the head of one server's page: light, name, what it is, why it is not green, whether the picture moves, the range.
import type { FeedState } from "../../api/mysqlLive";
import type { MysqlServer } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { clockTime, RELATIVE_RANGES } from "../../model/instant";
import { lightOf } from "../../model/mysqlLight";
import { addressOf, MYSQL_PATH, setParameters } from "../../router";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { TimeRangePicker } from "../TimeRangePicker";
import { ServerLight } from "./ServerLight";

const said = texts.mysqlPage;
const LIVE = "live";

interface ServerHeadProps {
  name: string;
  server: MysqlServer | null;
  feed: FeedState;
  isHeld: boolean;
  onHold: () => void;
  range: string | null;
  /** When the picture was last true, in milliseconds; 0 where it never was. */
  pictureMs: number;
}

export function ServerHead({ name, server, feed, isHeld, onHold, range, pictureMs }: ServerHeadProps) {
  const state = isHeld ? "held" : feed === "live" && server?.up === false ? "down" : feed;
  const isBehind = feed === "lost" || server?.up === false;
  return (
    <>
      <header className="service-head mysql-head">
        <Link className="icon-button" href={addressOf(MYSQL_PATH)} title={said.all} aria-label={said.all}><Icon name="back" /></Link>
        <h1><ServerLight light={lightOf(server ?? undefined, feed !== "live")} isLarge />{name}</h1>
        {server && <span className="muted small server-about">{[`${said.flavors[server.flavor]} ${server.version}`.trim(), server.uptime_seconds === null ? "" : said.up(formatDuration(server.uptime_seconds * 1e9))].filter(Boolean).join(" · ")}</span>}
        <span className="toolbar-gap" />
        <span className="feed-state" data-state={state} title={server ? said.interval(formatDuration(server.interval_ms * 1e6)) : undefined}><span className="feed-dot" aria-hidden="true" />{said.live[state]}</span>
        <button type="button" className="button small-button" aria-pressed={isHeld} title={isHeld ? said.go : said.hold} aria-label={isHeld ? said.go : said.hold} onClick={onHold}>{isHeld ? "▶" : "❚❚"}</button>
        <RangeChoice range={range} />
      </header>
      {isBehind && <p className="kept-note" role="status">{feed === "lost" ? said.lost : pictureMs === 0 ? server?.reasons.map((reason) => said.reason(reason.code, reason.text)).join(" · ") : said.kept(clockTime(pictureMs).slice(0, 8))}</p>}
      {server && feed === "live" && server.reasons.length > 0 && !(isBehind && pictureMs === 0) && (
        <ul className="reasons" data-light={lightOf(server, false)}>
          {server.reasons.map((reason) => <li key={reason.code}>{said.reason(reason.code, reason.text)}</li>)}
        </ul>
      )}
    </>
  );
}

/** Live, or a range of the usual ones; two moments of one's own come from dragging over a chart. */
function RangeChoice({ range }: { range: string | null }) {
  const choose = (next: string): void => setParameters({ range: next === LIVE ? null : next });
  if (range !== null && !RELATIVE_RANGES.some((one) => one.key === range)) {
    return (
      <span className="range-choice">
        <button type="button" className="button small-button" onClick={() => choose(LIVE)}>{said.live.live}</button>
        <TimeRangePicker range={range} onChange={choose} />
      </span>
    );
  }
  return (
    <select aria-label={texts.common.range} value={range ?? LIVE} onChange={(change) => choose(change.target.value)}>
      <option value={LIVE}>{said.liveRange}</option>
      {RELATIVE_RANGES.map((one) => <option key={one.key} value={one.key}>{texts.ranges[one.key]}</option>)}
    </select>
  );
}
