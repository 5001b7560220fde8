// Owns what stands beside the editor: tables with their columns, examples, and what was run before.
import { useState } from "react";
import type { SqlTable } from "../api/queries";
import { howLongAgo } from "../model/instant";
import { SQL_EXAMPLES } from "../model/sqlExamples";
import type { PastStatement } from "../model/sqlHistory";
import { texts } from "../texts";
import { PanelSection } from "./PanelSection";
import { SavedStatements } from "./SavedStatements";

type Tab = "tables" | "examples" | "saved" | "history";

interface SqlSidebarProps {
  tables: SqlTable[] | undefined;
  tablesFailed: boolean;
  history: PastStatement[];
  /** What stands in the editor. */
  statement: () => string;
  onInsert: (text: string) => void;
  onUse: (query: string) => void;
}

export function SqlSidebar({ tables, tablesFailed, history, statement, onInsert, onUse }: SqlSidebarProps) {
  const [tab, setTab] = useState<Tab>("tables");
  const [now] = useState(() => Date.now());
  return (
    <aside className="sql-sidebar" aria-label={texts.sql.sidebar}>
      <div className="tabs" role="tablist" aria-label={texts.sql.sidebar}>
        {(["tables", "examples", "saved", "history"] as const).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
            {texts.sql[name]}
          </button>
        ))}
      </div>
      <div className="sidebar-body" role="tabpanel" aria-label={texts.sql[tab]}>
        {tab === "tables" && (tablesFailed && !tables ? <p className="muted small">{texts.sql.tablesFailed}</p> : tables?.map((table) => <TableEntry key={table.name} table={table} onInsert={onInsert} />))}
        {tab === "examples" &&
          SQL_EXAMPLES.map((example) => (
            <button key={example.title} type="button" className="statement" onClick={() => onUse(example.query)}>
              <strong>{example.title}</strong>
              <code>{example.query}</code>
            </button>
          ))}
        {tab === "saved" && <SavedStatements statement={statement} onUse={onUse} />}
        {tab === "history" && history.length === 0 && <p className="muted small">{texts.sql.noHistory}</p>}
        {tab === "history" &&
          history.map((past) => (
            <button key={past.query} type="button" className="statement" onClick={() => onUse(past.query)}>
              <code>{past.query}</code>
              <span className="faint">{howLongAgo(past.at, now)}</span>
            </button>
          ))}
      </div>
    </aside>
  );
}

function TableEntry({ table, onInsert }: { table: SqlTable; onInsert: (text: string) => void }) {
  return (
    <PanelSection title={table.name} count={table.columns.length} isClosed>
      <ul className="columns">
        {table.columns.map((column) => (
          <li key={column.name}>
            <button type="button" title={column.type} onClick={() => onInsert(column.name)}>
              <span>{column.name}</span>
              <span className="faint">{column.type}</span>
            </button>
          </li>
        ))}
      </ul>
    </PanelSection>
  );
}
