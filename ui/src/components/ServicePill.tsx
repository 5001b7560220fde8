// Owns how a service is named beside its colour. The colour itself is decided in model/serviceColour.
import { serviceColour } from "../model/serviceColour";
import { formatCount } from "../model/numbers";
import { texts } from "../texts";

export function ServiceDot({ name }: { name: string }) {
  return <span className="service-dot" style={{ background: serviceColour(name) }} aria-hidden="true" />;
}

export function ServicePill({ name, spans, errors = 0 }: { name: string; spans?: number; errors?: number }) {
  const title = `${name}${spans === undefined ? "" : `: ${texts.trace.spans(spans)}`}${errors > 0 ? `, ${texts.trace.errors(errors)}` : ""}`;
  return (
    <span className="service-pill" title={title} data-error={errors > 0 || undefined}>
      <ServiceDot name={name} />
      <span className="service-pill-name">{name === "" ? texts.trace.noService : name}</span>
      {spans !== undefined && <span className="service-pill-count">{formatCount(spans)}</span>}
    </span>
  );
}
