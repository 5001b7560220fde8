// Owns editing what belongs to a whole dashboard: its title, description, and variables.
import { useState } from "react";
import { VARIABLE_KINDS, type Board, type BoardVariable } from "../../model/board";
import { texts } from "../../texts";
import { Dialog } from "../Dialog";
import { Icon } from "../Icon";
import { RemoveButton } from "./PanelEditor";

/** To begin with: when each service first said a version of itself. */
const DEPLOYMENTS = "select min(start_time) as time, service_name, resource_attributes['service.version'] as version\nfrom spans where $__timeFilter(start_time) group by 2, 3 order by 1";

const listed = (text: string): string[] => text.split(",").map((one) => one.trim()).filter((one) => one !== "");

export function BoardSettings({ board, onDone, onClose }: { board: Board; onDone: (board: Board) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(board);
  const variables = draft.variables ?? [];
  const say = texts.boards;
  const setVariable = (place: number, change: Partial<BoardVariable>): void => setDraft({ ...draft, variables: variables.map((one, index) => (index === place ? { ...one, ...change } : one)) });
  return (
    <Dialog title={say.settings} onClose={onClose}>
      <form className="panel-editor" onSubmit={(submit) => {
        submit.preventDefault();
        onDone(draft);
      }}>
        <div className="editor-fields two">
          <label className="field"><span>{say.panelTitle}</span><input required value={draft.title} onChange={(change) => setDraft({ ...draft, title: change.target.value })} /></label>
          <label className="field"><span>{say.description}</span><input value={draft.description ?? ""} onChange={(change) => setDraft({ ...draft, description: change.target.value || undefined })} /></label>
        </div>
        <h3>{say.variables}</h3>
        {variables.map((variable, place) => (
          <fieldset key={place} className="variable-editor">
            <label className="field"><span>{say.variableName}</span><input required pattern="[A-Za-z]\w*" value={variable.name} onChange={(change) => setVariable(place, { name: change.target.value })} /></label>
            <label className="field"><span>{say.variableTitle}</span><input value={variable.title ?? ""} onChange={(change) => setVariable(place, { title: change.target.value || undefined })} /></label>
            <label className="field"><span>{say.variableKind}</span>
              <select value={variable.kind} onChange={(change) => setVariable(place, { kind: change.target.value as BoardVariable["kind"] })}>
                {VARIABLE_KINDS.map((kind) => <option key={kind} value={kind}>{say.variableKinds[kind]}</option>)}
              </select>
            </label>
            {variable.kind === "label" && <label className="field"><span>{say.variableLabel}</span><input required value={variable.label ?? ""} onChange={(change) => setVariable(place, { label: change.target.value })} /></label>}
            {variable.kind === "label" && <label className="field"><span>{say.variableMetric}</span><input value={variable.metric ?? ""} onChange={(change) => setVariable(place, { metric: change.target.value || undefined })} /></label>}
            {variable.kind === "sql" && <label className="field wide"><span>{say.variableQuery}</span><textarea className="mono" rows={3} value={variable.query ?? ""} onChange={(change) => setVariable(place, { query: change.target.value })} /></label>}
            {variable.kind === "list" && <label className="field wide"><span>{say.variableValues}</span><input defaultValue={(variable.values ?? []).join(", ")} onBlur={(blur) => setVariable(place, { values: listed(blur.target.value) })} /></label>}
            {variable.kind !== "text" && (
              <span className="checks">
                <label className="check"><input type="checkbox" checked={variable.multi ?? false} onChange={(change) => setVariable(place, { multi: change.target.checked || undefined })} /> {say.multi}</label>
                <label className="check"><input type="checkbox" checked={variable.all ?? false} onChange={(change) => setVariable(place, { all: change.target.checked || undefined })} /> {say.withAll}</label>
              </span>
            )}
            <RemoveButton name={variable.name} onClick={() => setDraft({ ...draft, variables: variables.filter((_, index) => index !== place) })} />
          </fieldset>
        ))}
        <button type="button" className="text-button" onClick={() => setDraft({ ...draft, variables: [...variables, { name: `variable${variables.length + 1}`, kind: "label", label: "service_name" }] })}><Icon name="plus" size={12} />{say.addVariable}</button>
        <Annotations draft={draft} setDraft={setDraft} />
        <div className="editor-end">
          <button type="button" className="button" onClick={onClose}>{say.discard}</button>
          <button type="submit" className="button primary">{say.apply}</button>
        </div>
      </form>
    </Dialog>
  );
}

function Annotations({ draft, setDraft }: { draft: Board; setDraft: (board: Board) => void }) {
  const say = texts.boards;
  const all = draft.annotations ?? [];
  const setAll = (next: NonNullable<Board["annotations"]>): void => setDraft({ ...draft, annotations: next.length > 0 ? next : undefined });
  const change = (place: number, to: Partial<(typeof all)[number]>): void => setAll(all.map((one, index) => (index === place ? { ...one, ...to } : one)));
  return (
    <>
      <h3>{say.annotations}</h3>
      {all.map((one, place) => (
        <fieldset key={place} className="variable-editor">
          <label className="field"><span>{say.variableTitle}</span><input required value={one.title} onChange={(changed) => change(place, { title: changed.target.value })} /></label>
          <label className="field"><span>{say.variableKind}</span>
            <select value={one.sql === undefined ? "promql" : "sql"} onChange={(changed) => change(place, changed.target.value === "sql" ? { sql: one.promql ?? "", promql: undefined } : { promql: one.sql ?? "", sql: undefined })}>
              <option value="sql">SQL</option>
              <option value="promql">PromQL</option>
            </select>
          </label>
          <label className="field wide"><span>{one.sql === undefined ? say.annotationSeries : say.annotationRows}</span>
            <textarea className="mono" rows={3} required value={one.sql ?? one.promql ?? ""} onChange={(changed) => change(place, one.sql === undefined ? { promql: changed.target.value } : { sql: changed.target.value })} />
          </label>
          <RemoveButton name={one.title} onClick={() => setAll(all.filter((_, index) => index !== place))} />
        </fieldset>
      ))}
      <button type="button" className="text-button" onClick={() => setAll([...all, { title: "", sql: DEPLOYMENTS }])}><Icon name="plus" size={12} />{say.addAnnotation}</button>
    </>
  );
}
