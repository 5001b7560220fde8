// Owns the card about the door: what passes before anything is stored, and what was held back.
import { formatCount } from "../model/numbers";
import { heldBack, type Door } from "../model/pins";
import { probabilityText } from "../model/samplingReport";
import { texts } from "../texts";

export function SamplingDoor({ door }: { door: Door }) {
  const said = texts.samplingPage.door;
  return (
    <section className="sampling-card" aria-label={said.title}>
      <h2>{said.title}</h2>
      {door.warning !== null && <p className="sampling-problem" role="status">{said.overload(probabilityText(door.overload_probability, texts.samplingPage.oneIn))}</p>}
      <p className="muted small">{said.heldBack(formatCount(heldBack(door)))}</p>
      <ul className="sampling-rules">
        {door.services.map(({ service, probability }) => (
          <li key={service}>
            <strong>{service === "" ? said.everyService : service}</strong> <span className="muted">{probabilityText(probability, texts.samplingPage.oneIn)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
