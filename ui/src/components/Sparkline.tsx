// Owns drawing a small line of counts over time, with its errors in front. The figures beside it say the same in words.
import { sparkline } from "../layout/sparkline";
import type { Counts } from "../model/serviceFigures";

const WIDTH = 90;
const HEIGHT = 20;

export function Sparkline({ counts, colour }: { counts: Counts | undefined; colour: string }) {
  if (!counts) return <span className="sparkline" aria-hidden="true" />;
  const all = sparkline(counts.requests, WIDTH, HEIGHT - 1);
  const failed = sparkline(counts.errors, WIDTH, HEIGHT - 1, all.most);
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path className="spark-area" d={all.area} fill={colour} />
      <path className="spark-line" d={all.line} stroke={colour} />
      {failed.most > 0 && counts.errors.some((count) => count > 0) && <path className="spark-errors" d={failed.area} />}
    </svg>
  );
}
