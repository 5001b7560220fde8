// Owns making the SQL editor. It lives in a shadow root, because there its styles are adopted style sheets, which the
// server's content policy allows; in the document itself they would be a style element, which it forbids.
import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { sql, SQLDialect } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { SqlTable } from "../api/queries";

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--text)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", scrollbarWidth: "thin" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-3)", border: "none", paddingLeft: "6px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--hover) 70%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "none" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "6px", boxShadow: "var(--shadow)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--error)", textUnderlineOffset: "3px", backgroundColor: "var(--error-soft)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--service-3)" },
]);

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
        autocompletion({ icons: false }), keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        languageSlot.of(language([])), syntaxHighlighting(colours), look, EditorView.lineWrapping,
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

/** The whole word at the offset, so that there is something to see. */
function errorAt(view: EditorView, offset: number, message: string) {
  const at = Math.min(offset, view.state.doc.length);
  const word = view.state.wordAt(at);
  const from = word?.from ?? Math.max(0, Math.min(at, view.state.doc.length - 1));
  const to = word?.to ?? Math.min(view.state.doc.length, from + 1);
  return { from, to, severity: "error" as const, message };
}
