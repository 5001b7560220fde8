// Owns the line that says why a trace is there, with which probability. Says nothing where nothing is sampled.
import { useQuery } from "@tanstack/react-query";
import { whyQuery } from "../api/pinQueries";
import { mainReason } from "../model/pins";
import { probabilityText, reasonText } from "../model/samplingReport";
import { texts } from "../texts";

export function TraceWhy({ traceId }: { traceId: string }) {
  const { data: why } = useQuery(whyQuery(traceId));
  if (why === undefined) return null;
  const said = texts.trace.why;
  const stored = mainReason(why);
  if (stored !== null) {
    const reason = reasonText(stored.reason, texts.samplingPage);
    return <span title={stored.explanation}>{said.kept(reason, probabilityText(stored.probability, texts.samplingPage.oneIn))}</span>;
  }
  if (!why.is_sampled || why.outlook === null) return null;
  const { reason, explanation } = why.outlook;
  return <span title={explanation}>{reason === null ? said.undecided : said.would(reasonText(reason, texts.samplingPage))}</span>;
}
