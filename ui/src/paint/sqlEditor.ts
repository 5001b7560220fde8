// Owns making the SQL editor. It lives in a shadow root, because there its styles are adopted style sheets, which the
// server's content policy allows; in the document itself they would be a style element, which it forbids.
import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { sql, SQLDialect } from "@codemirror/lang-sql";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import type { SqlTable } from "../api/queries";
import { editorColours, editorLook, errorAt } from "./editorLook";

/** What DataFusion speaks. Ready-made dialects would colour `name`, `time` and `value` as keywords: here they are columns. */
const dialect = SQLDialect.define({
  keywords:
    "select from where group by order having limit offset as and or not in is null like ilike similar to between case when then else end distinct all union intersect except join inner left right full outer cross natural on using with recursive asc desc nulls first last explain analyze verbose over partition rows range preceding following current row unbounded filter exists any cast try_cast interval lateral unnest true false show describe values within qualify",
  types: "bigint int integer smallint tinyint double float real decimal numeric boolean varchar text string timestamp date bytea",
  builtin:
    "count sum avg min max median stddev approx_percentile_cont approx_distinct array_agg string_agg first_value last_value row_number rank dense_rank lag lead date_bin date_trunc date_part extract now to_timestamp coalesce nullif greatest least concat lower upper length substr replace regexp_match regexp_replace regexp_like split_part starts_with strpos trim round floor ceil abs ln log10 power sqrt map_keys map_values map_extract arrow_cast encode decode",
  doubleQuotedStrings: false,
  identifierQuotes: '"',
});

export interface SqlEditor {
  text: () => string;
  setText: (text: string) => void;
  insert: (text: string) => void;
  setTables: (tables: SqlTable[]) => void;
  markError: (offset: number | null, message: string) => void;
  focus: () => void;
  destroy: () => void;
}

interface SqlEditorInput {
  text: string;
  label: string;
  onRun: () => void;
  onChange: (text: string) => void;
}

function language(tables: SqlTable[]) {
  const schema = Object.fromEntries(tables.map((table) => [table.name, table.columns.map((column) => ({ label: column.name, detail: column.type }))]));
  return sql({ dialect, schema, upperCaseKeywords: false });
}

export function createSqlEditor(host: HTMLElement, input: SqlEditorInput): SqlEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  parent.style.height = "100%";
  root.replaceChildren(parent);
  const languageSlot = new Compartment();
  const runKey = Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => (input.onRun(), true) }]));
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: input.text,
      extensions: [
        runKey, lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(),
        autocompletion({ icons: false }), keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
        languageSlot.of(language([])), syntaxHighlighting(editorColours), editorLook, EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": input.label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && input.onChange(update.state.doc.toString())),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    insert: (text) => {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    },
    setTables: (tables) => view.dispatch({ effects: languageSlot.reconfigure(language(tables)) }),
    markError: (offset, message) => view.dispatch(setDiagnostics(view.state, offset === null ? [] : [errorAt(view, offset, message)])),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
