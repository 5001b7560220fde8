// Owns choosing the columns of the list of traces.
import { OPTIONAL_COLUMNS, toggledColumns, type TraceColumn } from "../model/traceColumns";
import { setParameters } from "../router";
import { texts } from "../texts";
import { Popover } from "./Popover";

export function TraceColumnsMenu({ columns }: { columns: readonly TraceColumn[] }) {
  const names: Record<TraceColumn, string> = { ...texts.traces.columns, traceId: texts.explore.list.traceId };
  return (
    <Popover icon="columns" label={texts.explore.list.columns} className="columns-menu">
      {() =>
        OPTIONAL_COLUMNS.map((column) => (
          <label key={column} className="menu-choice">
            <input type="checkbox" checked={columns.includes(column)} onChange={() => setParameters({ columns: toggledColumns(columns, column) })} />
            {names[column]}
          </label>
        ))
      }
    </Popover>
  );
}
