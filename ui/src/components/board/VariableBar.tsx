// Owns choosing the values of a dashboard's variables. What is chosen is in the address.
import type { BoardVariableState } from "../../api/boardQueries";
import type { BoardVariable } from "../../model/board";
import { ALL_VALUES, writeChosen } from "../../model/boardVariables";
import { setParameters } from "../../router";
import { texts } from "../../texts";
import { Picker } from "../explore/Picker";
import { Icon } from "../Icon";

interface VariableBarProps {
  variables: readonly BoardVariable[];
  states: Record<string, BoardVariableState>;
}

export function VariableBar({ variables, states }: VariableBarProps) {
  if (variables.length === 0) return null;
  return (
    <div className="variable-bar">
      {variables.map((variable) => (
        <span key={variable.name} className="variable">
          <span>{variable.title ?? variable.name}</span>
          <Value variable={variable} state={states[variable.name]} />
          {states[variable.name]?.error && <span className="error-text small" title={states[variable.name].error?.message}><Icon name="error" size={13} /></span>}
        </span>
      ))}
    </div>
  );
}

function Value({ variable, state }: { variable: BoardVariable; state: BoardVariableState }) {
  const { chosen, options } = state;
  const set = (value: string | null): void => setParameters({ [`var-${variable.name}`]: value });
  if (variable.kind === "text") return <input key={chosen.values[0]} aria-label={variable.title ?? variable.name} defaultValue={chosen.values[0]} onBlur={(blur) => set(blur.target.value)} onKeyDown={(press) => press.key === "Enter" && press.currentTarget.blur()} />;
  const all = texts.boards.allValues;
  const caption = chosen.isAll ? all : chosen.values.length === 1 ? chosen.values[0] : chosen.values.length === 0 ? "–" : chosen.values.length <= 2 ? chosen.values.join(", ") : texts.boards.chosen(chosen.values.length);
  return (
    <Picker
      label={variable.title ?? variable.name}
      className="button small-button"
      caption={<><span className="variable-value">{caption}</span><Icon name="down" size={11} /></>}
      placeholder={texts.explorer.chooseValue}
      none={texts.explorer.noValues}
      isMany={variable.multi}
      options={[...(variable.all ? [{ value: all, isChosen: chosen.isAll }] : []), ...[...new Set([...options, ...(chosen.isAll ? [] : chosen.values)])].map((value) => ({ value, isChosen: !chosen.isAll && chosen.values.includes(value) }))]}
      onChoose={(value) => {
        if (variable.all && value === all) return set(ALL_VALUES);
        if (!variable.multi) return set(writeChosen([value]));
        const before = chosen.isAll ? [] : chosen.values;
        const next = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
        set(next.length === 0 ? null : writeChosen(next));
      }}
    />
  );
}
