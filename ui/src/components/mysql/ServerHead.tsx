// Owns the head of one server's page: light, name, what it is, why it is not green, whether the picture moves, the range.
import type { FeedState } from "../../model/mysqlFeed";
import type { MysqlServer } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { clockTime, dayAndTime, RELATIVE_RANGES } from "../../model/instant";
import { lightOf, productOf } from "../../model/mysqlLight";
import { momentMs } from "../../model/mysqlRing";
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
  return (
    <>
      <header className="service-head mysql-head">
        <Link className="icon-button" href={addressOf(MYSQL_PATH)} title={said.all} aria-label={said.all}><Icon name="back" /></Link>
        <h1><ServerLight light={lightOf(server ?? undefined, feed !== "live")} isLarge />{name}</h1>
        {server && <span className="muted small server-about">{[productOf(server, said.flavors), server.uptime_seconds === null ? "" : said.up(formatDuration(server.uptime_seconds * 1e9))].filter(Boolean).join(" · ")}</span>}
        <span className="toolbar-gap" />
        <span className="feed-state" data-state={state} title={server ? said.interval(formatDuration(server.interval_ms * 1e6)) : undefined}><span className="feed-dot" aria-hidden="true" />{said.live[state]}</span>
        <button type="button" className="button small-button" aria-pressed={isHeld} title={isHeld ? said.go : said.hold} aria-label={isHeld ? said.go : said.hold} onClick={onHold}>{isHeld ? "▶" : "❚❚"}</button>
        <RangeChoice range={range} />
      </header>
      <p className="reasons" role="status" tabIndex={0} data-light={lightOf(server ?? undefined, feed !== "live")}>
        {wordsOf(server, feed, pictureMs).map((words) => <span key={words} title={words}>{words}</span>)}
      </p>
    </>
  );
}

/** Why it is as it is, in words; what is kept of a server that does not answer. */
function wordsOf(server: MysqlServer | null, feed: FeedState, pictureMs: number): string[] {
  if (feed === "lost") return [said.lost];
  if (!server) return [];
  const reasons = server.reasons.map((reason) => said.reason(reason.code, reason.text));
  if (!server.up) return [...(pictureMs === 0 ? [said.downSince(dayAndTime(momentMs(server.since)).slice(0, 19))] : [said.kept(clockTime(pictureMs).slice(0, 8))]), ...reasons];
  return reasons.length > 0 ? reasons : [said.calm];
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
