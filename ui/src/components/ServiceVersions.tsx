// Owns the list of a service's versions in the range, newest first, with when each was seen. Never fetches.
import { clockTime, calendarDay } from "../model/instant";
import { formatCount } from "../model/numbers";
import type { Version } from "../model/serviceFigures";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";

export function ServiceVersions({ versions, error }: { versions: Version[] | undefined; error: Error | null }) {
  const isUnknown = versions?.every((version) => version.name === "");
  return (
    <section className="service-card">
      <h2>{texts.servicesPage.versions}</h2>
      {error && !versions && <ErrorNote error={error} />}
      {isUnknown && <p className="muted small">{texts.servicesPage.noVersions}</p>}
      {!isUnknown && (
        <ol className="top-list">
          {[...(versions ?? [])].reverse().map((version) => (
            <li key={version.name}>
              <span>
                <strong>{version.name || texts.servicesPage.unversioned}</strong>
              </span>
              <span className="number muted small" title={texts.trace.spans(version.spans)}>
                {texts.servicesPage.running(moment(version.firstMs), moment(version.lastMs))} · {formatCount(version.spans)}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function moment(milliseconds: number): string {
  const isToday = calendarDay(milliseconds) === calendarDay(Date.now());
  return `${isToday ? "" : `${calendarDay(milliseconds).slice(5)} `}${clockTime(milliseconds).slice(0, 5)}`;
}
