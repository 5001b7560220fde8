// Owns the sentences that say by how much a span sticks out of its parent. Never changes what is drawn.
import { clockSkew } from "../model/clockSkew";
import { formatDuration } from "../model/duration";
import type { TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { Icon } from "./Icon";

export function skewSentences(tree: TraceTree, node: number): string[] {
  const skew = clockSkew(tree, node);
  if (!skew) return [];
  const { spans } = tree;
  const parent = tree.parentOf[node];
  const name = `${spans.services[spans.serviceOf[parent]] || texts.trace.noService}: ${spans.names[parent] || texts.trace.unnamed}`;
  return [
    ...(skew.startsBeforeNs > 0 ? [texts.span.startsBefore(formatDuration(skew.startsBeforeNs), name)] : []),
    ...(skew.endsAfterNs > 0 ? [texts.span.endsAfter(formatDuration(skew.endsAfterNs), name)] : []),
  ];
}

/** For the panel: the whole of it. */
export function SkewNote({ tree, node }: { tree: TraceTree; node: number }) {
  const sentences = skewSentences(tree, node);
  if (sentences.length === 0) return null;
  return (
    <div className="skew-note" role="note">
      <Icon name="clock" size={14} />
      <p>
        {sentences.join(" ")} <span className="muted">{texts.span.timesAsReceived}</span>
      </p>
    </div>
  );
}

/** For the row: a sign with the sentences to hover. */
export function SkewMark({ tree, node }: { tree: TraceTree; node: number }) {
  const sentences = skewSentences(tree, node);
  if (sentences.length === 0) return null;
  const label = sentences.join(" ");
  return (
    <span className="row-mark warn-text skew-mark" role="img" aria-label={label} title={label}>
      <Icon name="clock" size={13} />
    </span>
  );
}
