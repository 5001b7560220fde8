// Owns the box of a trace's services: what colour each has, how many spans, and leaving out the spans of some. Which spans
// stay as the way to others is decided in model/shownSpans.
import { useMemo } from "react";
import { formatCount } from "../model/numbers";
import { texts } from "../texts";
import { Popover } from "./Popover";
import { ServiceDot } from "./ServicePill";
import type { Waterfall } from "./useWaterfall";

export function WaterfallServices({ waterfall }: { waterfall: Waterfall }) {
  const { tree, hidden } = waterfall;
  const services = useMemo(() => {
    const counts = new Uint32Array(tree.spans.services.length);
    for (const service of tree.spans.serviceOf) counts[service]++;
    return tree.spans.services.map((name, place) => ({ name, spans: counts[place] })).sort((a, b) => b.spans - a.spans);
  }, [tree]);
  if (services.length < 2) return null;
  const toggle = (name: string): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    waterfall.setHidden(next);
  };
  return (
    <Popover icon="filter" label={texts.trace.servicesBox.label} className="services-box" isOn={hidden.size > 0}>
      {() => (
        <>
          <ul>
            {services.map(({ name, spans }) => (
              <li key={name}>
                <label>
                  <input type="checkbox" checked={!hidden.has(name)} onChange={() => toggle(name)} />
                  <ServiceDot name={name} />
                  <span className="service-name">{name || texts.trace.noService}</span>
                  <span className="muted number">{formatCount(spans)}</span>
                </label>
                <button type="button" className="text-button" onClick={() => waterfall.setHidden(new Set(services.map((one) => one.name).filter((one) => one !== name)))}>
                  {texts.trace.servicesBox.only}
                </button>
              </li>
            ))}
          </ul>
          {hidden.size > 0 && <button type="button" className="text-button" onClick={() => waterfall.setHidden(new Set())}>{texts.trace.servicesBox.all}</button>}
        </>
      )}
    </Popover>
  );
}
