// Owns a short list of a service's operations that stand out in one way. Never chooses them.
import { formatDuration } from "../model/duration";
import { errorShare, type Figures } from "../model/serviceFigures";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { Link } from "./Link";

interface TopOperationsProps {
  title: string;
  figures: Figures[];
  show: "p95" | "errors";
  addressOf: (figures: Figures) => string;
}

export function TopOperations({ title, figures, show, addressOf }: TopOperationsProps) {
  return (
    <section className="service-card">
      <h2>{title}</h2>
      {figures.length === 0 && <p className="muted small">{show === "errors" ? texts.servicesPage.noErrors : texts.servicesPage.none}</p>}
      <ol className="top-list">
        {figures.map((one) => (
          <li key={`${one.kind} ${one.name}`}>
            <Link href={addressOf(one)}>{one.name || texts.trace.unnamed}</Link>
            {show === "p95" ? (
              <span className="number">{formatDuration(one.p95 ?? 0)}</span>
            ) : (
              <span className="number">
                <span className="muted small">{texts.servicesPage.errors(one.errors)}</span> <span className="error-count">{percentText(errorShare(one))}</span>
              </span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
