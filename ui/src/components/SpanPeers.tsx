// Owns the line that says how long a span took among others of its operation: a percentile and the shape of them all.
// What is counted is decided in model/peerDurations. Nothing is shown until it is known, and room is kept for it.
import { usePeerFigures, useTraceShape } from "../api/shapeQueries";
import { usePeers } from "../api/spanQueries";
import { isLocalTraceId } from "../api/localTraces";
import { formatDuration } from "../model/duration";
import { percentileText } from "../model/peerDurations";
import { usualOf } from "../model/traceShape";
import { isMissing, spanIdOf, type TraceTree } from "../model/traceTree";
import { addressOf } from "../router";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { Link } from "./Link";

export function SpanPeers({ tree, node }: { tree: TraceTree; node: number }) {
  const { spans } = tree;
  const isKnown = !isMissing(tree, node) && spans.durations[node] >= 0;
  const service = isKnown ? spans.services[spans.serviceOf[node]] : "";
  const name = isKnown ? spans.names[node] : "";
  const durationNs = isKnown ? spans.durations[node] : 0;
  const { data: peers } = usePeers(spans.traceId, isKnown ? { service, name, startNs: spans.originNs + BigInt(Math.round(spans.starts[node])), durationNs } : null);
  const { data: figures } = usePeerFigures(tree, node);
  const { data: shape } = useTraceShape(tree);
  if (isLocalTraceId(spans.traceId) || !isKnown) return null;
  if (!peers) return <div className="span-peers" data-waiting aria-hidden="true" />;
  // The server tells spans of other kinds apart, and those that took as long.
  const among = figures && figures.percentile !== null ? { ...peers, count: figures.spans, share: figures.percentile } : peers;
  const percentile = percentileText(among);
  const usual = usualOf(shape, isMissing(tree, node) ? "" : spanIdOf(tree, node));
  const most = Math.max(1, ...peers.classes.map((one) => one.count));
  return (
    <>
      <div className="span-peers">
        {percentile !== null && <strong className="percentile" data-slow={among.share >= 0.95 || undefined}>{percentile}</strong>}
        <span className="muted">
          {percentile === null ? texts.span.fewPeers(among.count) : texts.span.peers(among.count)}{" "}
          <Link href={addressOf("/", { service, operation: name })}>{texts.span.peersLink}</Link>
        </span>
        {peers.count > 1 && (
          <span className="peer-bars" role="img" aria-label={texts.span.peersShape} title={texts.span.peersShape}>
            {peers.classes.map((one) => (
              <span key={one.leastNs} data-own={one.isOwn || undefined} title={`${formatDuration(one.leastNs)}: ${one.count}`} style={{ height: `${one.count === 0 ? 0 : Math.max(8, (one.count / most) * 100)}%` }} />
            ))}
          </span>
        )}
      </div>
      <p className="span-usual muted small">
        {figures && figures.spans > 1 && texts.span.peerFigures(formatDuration(Number(figures.p50)), formatDuration(Number(figures.p95)), percentText(figures.errors / figures.spans))}
        {usual !== null && <> {texts.span.usual(formatDuration(usual))}</>}
      </p>
    </>
  );
}
