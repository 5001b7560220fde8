// Owns editing one panel with its picture beside it: every change is seen at once, and nothing is kept until it is done.
import { useEffect, useState, type ReactNode } from "react";
import { REDUCTIONS, PANEL_KINDS, THRESHOLD_COLOURS, WITHOUT_QUERIES, type Panel, type PanelKind, type TraceQuery } from "../../model/board";
import { texts } from "../../texts";
import { Dialog } from "../Dialog";
import { Icon } from "../Icon";
import { QueryEditor } from "./QueryEditor";

const UNITS = ["", "s", "ms", "ns", "By", "By/s", "bit/s", "1/s", "ratio", "%"];
const TRACE_FIELDS = ["service", "operation", "status", "filter", "min_duration", "limit"] as const;
const OF_FIGURES: readonly PanelKind[] = ["stat", "gauge"];
const WITH_THRESHOLDS: readonly PanelKind[] = ["timeseries", "stat", "gauge", "bar", "state"];

/** What is asked while someone types is asked once they pause. */
const PREVIEW_LAG_MS = 400;

function useLagged<T>(value: T, milliseconds: number): T {
  const [lagged, setLagged] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLagged(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return lagged;
}

interface PanelEditorProps {
  panel: Panel;
  preview: (panel: Panel) => ReactNode;
  onDone: (panel: Panel) => void;
  onClose: () => void;
}

export function PanelEditor({ panel, preview, onDone, onClose }: PanelEditorProps) {
  const [draft, setDraft] = useState(panel);
  const seen = useLagged(draft, PREVIEW_LAG_MS);
  const set = (change: Partial<Panel>): void => setDraft((before) => ({ ...before, ...change }));
  const say = texts.boards;
  // Escape is near when one closes a list of completions.
  const close = (): void => {
    if (draft === panel || window.confirm(say.confirmDiscard)) onClose();
  };
  const hasQueries = !WITHOUT_QUERIES.includes(draft.kind);
  return (
    <Dialog title={say.editorTitle} onClose={close}>
      <div className="panel-editor">
        <section className="editor-preview" aria-label={say.live}>{preview(seen)}</section>
        <div className="editor-fields">
          <Field name={say.panelTitle}><input value={draft.title} onChange={(change) => set({ title: change.target.value })} /></Field>
          <Field name={say.kind}>
            <select value={draft.kind} onChange={(change) => set({ kind: change.target.value as PanelKind })}>
              {PANEL_KINDS.filter((kind) => kind !== "row").map((kind) => <option key={kind} value={kind}>{say.kinds[kind]}</option>)}
            </select>
          </Field>
          {hasQueries && draft.kind !== "logs" && (
            <Field name={say.unit}>
              <select value={draft.unit ?? ""} onChange={(change) => set({ unit: change.target.value || undefined })}>
                {[...new Set([...UNITS, draft.unit ?? ""])].map((unit) => <option key={unit} value={unit}>{say.units[unit] ?? unit}</option>)}
              </select>
            </Field>
          )}
          {draft.kind === "timeseries" && (
            <>
              <Field name={say.drawing}>
                <select value={draft.drawing ?? "lines"} onChange={(change) => set({ drawing: change.target.value as Panel["drawing"] })}>
                  {(["lines", "stacked", "bars"] as const).map((one) => <option key={one} value={one}>{texts.explorer.drawings[one]}</option>)}
                </select>
              </Field>
              <Field name={say.legend}>
                <select value={draft.legend ?? "line"} onChange={(change) => set({ legend: change.target.value as Panel["legend"] })}>
                  {(["line", "table", "none"] as const).map((one) => <option key={one} value={one}>{say.legends[one]}</option>)}
                </select>
              </Field>
            </>
          )}
          {OF_FIGURES.includes(draft.kind) && (
            <Field name={say.reduce}>
              <select value={draft.reduce ?? "last"} onChange={(change) => set({ reduce: change.target.value as Panel["reduce"] })}>
                {REDUCTIONS.map((one) => <option key={one} value={one}>{say.reductions[one]}</option>)}
              </select>
            </Field>
          )}
          {draft.kind === "gauge" && (["min", "max"] as const).map((edge) => (
            <Field key={edge} name={edge === "min" ? say.least : say.most}>
              <input type="number" step="any" value={draft[edge] ?? ""} onChange={(change) => set({ [edge]: change.target.value === "" ? undefined : Number(change.target.value) })} />
            </Field>
          ))}
          <Field name={say.description}><input value={draft.description ?? ""} onChange={(change) => set({ description: change.target.value || undefined })} /></Field>
        </div>
        {hasQueries && <QueryEditor queries={draft.queries ?? []} onlySql={draft.kind === "logs"} onChange={(queries) => set({ queries })} />}
        {draft.kind === "text" && <label className="field wide"><span>{say.text}</span><textarea rows={8} value={draft.text ?? ""} onChange={(change) => set({ text: change.target.value })} /></label>}
        {draft.kind === "traces" && <TraceFields traces={draft.traces ?? {}} onChange={(traces) => set({ traces })} />}
        {draft.kind === "map" && <Field name={say.mapService}><input value={draft.map?.service ?? ""} placeholder="$service" onChange={(change) => set({ map: change.target.value === "" ? undefined : { service: change.target.value } })} /></Field>}
        {WITH_THRESHOLDS.includes(draft.kind) && <Thresholds panel={draft} set={set} />}
        <Links panel={draft} set={set} />
        <div className="editor-end">
          <button type="button" className="button" onClick={close}>{say.discard}</button>
          <button type="button" className="button primary" onClick={() => onDone(draft)}>{say.apply}</button>
        </div>
      </div>
    </Dialog>
  );
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return <label className="field"><span>{name}</span>{children}</label>;
}

interface PartProps {
  panel: Panel;
  set: (change: Partial<Panel>) => void;
}

function Thresholds({ panel, set }: PartProps) {
  const all = panel.thresholds ?? [];
  const change = (place: number, to: Partial<(typeof all)[number]>): void => set({ thresholds: all.map((one, index) => (index === place ? { ...one, ...to } : one)) });
  return (
    <fieldset className="editor-list">
      <legend>{texts.boards.thresholds}</legend>
      {all.map((threshold, place) => (
        <div key={place}>
          <span className="muted">{texts.boards.from}</span>
          <input type="number" step="any" aria-label={texts.boards.from} value={threshold.value} onChange={(changed) => change(place, { value: Number(changed.target.value) })} />
          <select aria-label={texts.boards.thresholds} value={threshold.colour} onChange={(changed) => change(place, { colour: changed.target.value as (typeof THRESHOLD_COLOURS)[number] })}>
            {THRESHOLD_COLOURS.map((colour) => <option key={colour} value={colour}>{texts.boards.colours[colour]}</option>)}
          </select>
          <RemoveButton name={texts.boards.thresholds} onClick={() => set({ thresholds: all.filter((_, index) => index !== place) })} />
        </div>
      ))}
      <button type="button" className="text-button" onClick={() => set({ thresholds: [...all, { value: 0, colour: THRESHOLD_COLOURS[all.length % 3] }] })}><Icon name="plus" size={12} />{texts.boards.addThreshold}</button>
    </fieldset>
  );
}

function Links({ panel, set }: PartProps) {
  const all = panel.links ?? [];
  const change = (place: number, to: Partial<(typeof all)[number]>): void => set({ links: all.map((one, index) => (index === place ? { ...one, ...to } : one)) });
  return (
    <fieldset className="editor-list">
      <legend>{texts.boards.links}</legend>
      {all.map((link, place) => (
        <div key={place}>
          <input aria-label={texts.boards.linkTitle} placeholder={texts.boards.linkTitle} value={link.title} onChange={(changed) => change(place, { title: changed.target.value })} />
          <input aria-label={texts.boards.linkUrl} placeholder="/services/$service" value={link.url} onChange={(changed) => change(place, { url: changed.target.value })} />
          <RemoveButton name={texts.boards.links} onClick={() => set({ links: all.filter((_, index) => index !== place) })} />
        </div>
      ))}
      <button type="button" className="text-button" onClick={() => set({ links: [...all, { title: "", url: "/" }] })}><Icon name="plus" size={12} />{texts.boards.addLink}</button>
    </fieldset>
  );
}

function TraceFields({ traces, onChange }: { traces: TraceQuery; onChange: (traces: TraceQuery) => void }) {
  return (
    <div className="editor-fields">
      {TRACE_FIELDS.map((name) => (
        <Field key={name} name={texts.boards.traceFields[name]}>
          <input value={traces[name] ?? ""} onChange={(change) => onChange({ ...traces, [name]: change.target.value === "" ? undefined : name === "limit" ? Number(change.target.value) || 20 : change.target.value })} />
        </Field>
      ))}
    </div>
  );
}

export function RemoveButton({ name, onClick }: { name: string; onClick: () => void }) {
  return <button type="button" className="icon-button" title={texts.explorer.remove(name)} aria-label={texts.explorer.remove(name)} onClick={onClick}><Icon name="close" size={12} /></button>;
}
