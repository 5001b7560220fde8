// Owns the page about sampling: the budget, what hours took of it, and what the newest hour was spent on.
// Never decides anything; the report is the server's, its shares and order are model/samplingReport's.
import { useQuery } from "@tanstack/react-query";
import { getJson } from "../api/client";
import { ErrorNote } from "../components/ErrorNote";
import { LoadingNote } from "../components/LoadingNote";
import { SamplingDoor } from "../components/SamplingDoor";
import { SamplingPins } from "../components/SamplingPins";
import { useTitle } from "../components/useTitle";
import { dayAndTime } from "../model/instant";
import { formatBytes, formatCount } from "../model/numbers";
import { isDoorInUse, type Door } from "../model/pins";
import { groupsOf, hourBars, probabilityText, reasonText, spentShare, type Decision, type SamplingReport, type SamplingRule, type Stratum } from "../model/samplingReport";
import { texts } from "../texts";
import "../styles/sampling.css";

const AGAIN_EVERY_MS = 10_000;
const said = texts.samplingPage;

export default function SamplingPage() {
  useTitle(said.title);
  const answer = useQuery({ queryKey: ["sampling"], queryFn: ({ signal }) => getJson<{ sampling: SamplingReport | null; door?: Door | null }>("/api/sampling", undefined, signal), refetchInterval: AGAIN_EVERY_MS });
  return (
    <div className="sampling-page" tabIndex={0} role="region" aria-label={texts.samplingPage.title}>
      <h1>{said.title}</h1>
      {answer.error && !answer.data && <ErrorNote error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && !answer.error && <LoadingNote />}
      {isDoorInUse(answer.data?.door) && <SamplingDoor door={answer.data.door} />}
      {answer.data && (answer.data.sampling ? <Report report={answer.data.sampling} /> : <Off />)}
      {answer.data?.sampling && <SamplingPins />}
    </div>
  );
}

function Off() {
  return (
    <div className="nothing">
      <strong>{said.off}</strong>
      <p className="muted">{said.offHint}</p>
    </div>
  );
}

function Report({ report }: { report: SamplingReport }) {
  const newest = report.decisions.at(-1);
  return (
    <>
      {report.problems.map((problem) => <p key={problem} className="sampling-problem" role="status">{problem}</p>)}
      <Budget report={report} />
      {newest ? <Hours report={report} /> : <p className="muted">{said.waiting}</p>}
      {newest && <Newest decision={newest} groups={groupsOf(report)} />}
      {report.rules.length > 0 && <Rules rules={report.rules} />}
    </>
  );
}

function Budget({ report }: { report: SamplingReport }) {
  const share = spentShare(report);
  const written = formatBytes(report.day_written_bytes);
  return (
    <section className="sampling-card" aria-label={said.budget}>
      <h2>{said.budget}</h2>
      <p className="sampling-figure">{share === null ? said.noBudget(written) : said.spent(written, formatBytes(report.day_bytes))}</p>
      {share !== null && <progress className="sampling-share" max={1} value={Math.min(1, share)} aria-label={said.budget} />}
    </section>
  );
}

function Hours({ report }: { report: SamplingReport }) {
  const bars = hourBars(report.hours);
  const width = 100 / Math.max(bars.length, 12);
  return (
    <section className="sampling-card" aria-label={said.hours}>
      <h2>{said.hours}</h2>
      <svg className="sampling-hours" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={said.hours}>
        {bars.map((bar, at) => (
          <g key={bar.hour.hour}>
            <title>{said.hourTitle(dayAndTime(bar.startMs).slice(0, 16), formatBytes(bar.hour.written_bytes), formatBytes(bar.hour.allotted_bytes), formatBytes(bar.hour.offered_bytes))}</title>
            <rect className="sampling-offered" x={at * width} y={100 - bar.offered * 100} width={width * 0.82} height={bar.offered * 100} />
            <rect className="sampling-written" x={at * width} y={100 - bar.written * 100} width={width * 0.82} height={bar.written * 100} />
            <line className="sampling-allotted" x1={at * width} x2={at * width + width * 0.82} y1={100 - bar.allotted * 100} y2={100 - bar.allotted * 100} />
          </g>
        ))}
      </svg>
      <p className="sampling-legend muted small"><span className="sampling-swatch written" /> {said.legend.written} <span className="sampling-swatch allotted" /> {said.legend.allotted}</p>
    </section>
  );
}

function Newest({ decision, groups }: { decision: Decision; groups: Stratum[] }) {
  const notes = [
    said.kept(formatCount(decision.kept_traces), formatCount(decision.traces)),
    ...(decision.dropped_by_rules > 0 ? [said.dropped(decision.dropped_by_rules)] : []),
    ...(decision.hashed_ids > 0 ? [said.hashed(decision.hashed_ids)] : []),
    ...(decision.malformed_trace_states > 0 ? [said.malformed(decision.malformed_trace_states)] : []),
  ];
  const title = said.newest(dayAndTime(decision.hour * 3_600_000).slice(0, 16));
  return (
    <section className="sampling-card" aria-label={title}>
      <h2>{title}</h2>
      <p className="muted small">{notes.join(" · ")}</p>
      <div className="sampling-scroller" tabIndex={0}>
        <table className="sampling-groups">
          <thead>
            <tr>
              <th scope="col">{said.columns.group}</th>
              <th scope="col">{said.columns.reason}</th>
              <th scope="col" className="number">{said.columns.traces}</th>
              <th scope="col" className="number">{said.columns.kept}</th>
              <th scope="col" className="number">{said.columns.bytes}</th>
              <th scope="col" className="number">{said.columns.probability}</th>
            </tr>
          </thead>
          <tbody>{groups.map((group) => <GroupRow key={group.stratum} group={group} />)}</tbody>
        </table>
      </div>
    </section>
  );
}

function GroupRow({ group }: { group: Stratum }) {
  const probability = (value: number): string => probabilityText(value, said.oneIn);
  return (
    <tr>
      <th scope="row">{group.service === "" && group.operation === "" ? said.others : <><strong>{group.service}</strong> {group.operation}</>}</th>
      <td>{reasonText(group.reason, said)}</td>
      <td className="number">{formatCount(group.traces)}</td>
      <td className="number">{formatCount(group.kept_traces)}</td>
      <td className="number">{formatBytes(group.kept_bytes)}</td>
      <td className="number">{said.range(probability(group.probability_min), probability(group.probability_max))}</td>
    </tr>
  );
}

function Rules({ rules }: { rules: SamplingRule[] }) {
  const action = (rule: SamplingRule): string =>
    typeof rule.action === "string" ? said.actions[rule.action] : said.actions.atLeast(probabilityText(rule.action.at_least, said.oneIn));
  return (
    <section className="sampling-card" aria-label={said.rules}>
      <h2>{said.rules}</h2>
      <ol className="sampling-rules">{rules.map((rule) => <li key={rule.name}><strong>{rule.name}</strong> <span className="muted">{action(rule)}</span></li>)}</ol>
    </section>
  );
}
