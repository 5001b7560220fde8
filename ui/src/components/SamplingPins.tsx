// Owns the card about pins: what is kept whatever the budget says, removed by a button, and made for a service's minutes.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { pinTime, pinsQuery, removePin } from "../api/pinQueries";
import { dayAndTime, fieldMoment, fieldText, millisecondsOf } from "../model/instant";
import { pinOfTime, type Pin } from "../model/pins";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { Icon } from "./Icon";

const FIVE_MINUTES_MS = 300_000;
const said = texts.samplingPage.pins;

export function SamplingPins() {
  const client = useQueryClient();
  const answer = useQuery(pinsQuery);
  const [error, setError] = useState<unknown>(null);
  const change = (work: Promise<void>): void => {
    work.then(
      () => setError(null),
      (failure: unknown) => setError(failure),
    ).finally(() => void client.invalidateQueries({ queryKey: pinsQuery.queryKey }));
  };
  const failure = error ?? answer.error;
  return (
    <section className="sampling-card" aria-label={said.title}>
      <h2>{said.title}</h2>
      <p className="muted small">{said.hint}</p>
      {failure !== null && <ErrorNote error={failure} retry={() => void answer.refetch()} />}
      <ul className="sampling-pins">
        {(answer.data?.pins ?? []).map((pin) => (
          <li key={pin.id}>
            <span>{described(pin)}</span>
            {pin.note !== null && <span className="muted">{pin.note}</span>}
            <button type="button" className="icon-button" title={said.remove} aria-label={said.remove} onClick={() => change(removePin(pin.id))}>
              <Icon name="bin" size={14} />
            </button>
          </li>
        ))}
      </ul>
      <PinForm onPin={(pin) => change(pinTime(pin))} />
    </section>
  );
}

function described(pin: Pin): string {
  if (pin.start !== null && pin.end !== null) {
    const clock = (moment: string): string => dayAndTime(millisecondsOf(moment)).slice(0, 19);
    return said.ofTime(pin.service ?? said.everything, clock(pin.start), clock(pin.end));
  }
  return pin.traces === 1 ? said.ofTrace(pin.trace_ids[0] ?? "") : said.ofTraces(pin.traces);
}

function PinForm({ onPin }: { onPin: (pin: NonNullable<ReturnType<typeof pinOfTime>>) => void }) {
  const [service, setService] = useState("");
  const [end, setEnd] = useState(() => fieldText(Date.now()));
  const [start, setStart] = useState(() => fieldText(Date.now() - FIVE_MINUTES_MS));
  const pin = pinOfTime(service, fieldMoment(start), fieldMoment(end));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (pin !== null) onPin(pin);
  };
  return (
    <form className="sampling-pin-form" onSubmit={submit}>
      <label>{said.service} <input value={service} placeholder={said.everything} onChange={(event) => setService(event.target.value)} /></label>
      <label>{said.from} <input type="datetime-local" step={1} value={start} onChange={(event) => setStart(event.target.value)} /></label>
      <label>{said.to} <input type="datetime-local" step={1} value={end} onChange={(event) => setEnd(event.target.value)} /></label>
      <button type="submit" className="button" disabled={pin === null}>{said.add}</button>
    </form>
  );
}
