// Owns making the PromQL editor: its colours, completion from what the server knows, the mark under a mistake. What fits at
// the cursor is decided in model/promCompletion. It lives in a shadow root for the reason that sqlEditor names.
import { autocompletion, closeBrackets, completionKeymap, startCompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { AGGREGATIONS, DURATIONS, fittingAt, FUNCTIONS, KEYWORDS } from "../model/promCompletion";
import { editorColours, editorLook, errorAt } from "./editorLook";

export interface PromKnowledge {
  metrics: () => { name: string; type: string; note: string }[];
  labels: (selector: string | null) => Promise<string[]>;
  values: (label: string, selector: string | null) => Promise<string[]>;
}

export interface PromEditor {
  text: () => string;
  setText: (text: string) => void;
  markError: (offset: number | null, message: string) => void;
  focus: () => void;
  destroy: () => void;
}

interface PromEditorInput {
  text: string;
  label: string;
  knowledge: PromKnowledge;
  onRun: () => void;
  onChange: (text: string) => void;
}

const language = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/#.*/)) return "comment";
    if (stream.match(/"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?/)) return "string";
    if (stream.match(/\$\w+|\$\{\w+\}/)) return "typeName";
    if (stream.match(/\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*|0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i)) return "number";
    const word = stream.match(/[A-Za-z_:][\w:]*/) as RegExpMatchArray | null;
    if (word) return KEYWORDS.includes(word[0]) || AGGREGATIONS.includes(word[0]) || FUNCTIONS[word[0]] !== undefined ? "keyword" : null;
    stream.next();
    return null;
  },
});

const fixed: Completion[] = [
  ...Object.entries(FUNCTIONS).map(([label, detail]) => ({ label, detail, apply: `${label}(`, type: "function" })),
  ...AGGREGATIONS.map((label) => ({ label, detail: "(v)", type: "function", boost: 2 })),
  ...KEYWORDS.map((label) => ({ label, type: "keyword" })),
];

async function complete(context: CompletionContext, knowledge: PromKnowledge): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const fitting = fittingAt(text, context.pos);
  if (fitting.kind === "nothing") return null;
  if (fitting.kind === "expression" && fitting.from === context.pos && !context.explicit) return null;
  const valid = /^[\w:.$]*$/;
  if (fitting.kind === "duration") return { from: fitting.from, options: DURATIONS.map((label) => ({ label, type: "constant" })), validFor: /^[\w$]*$/ };
  if (fitting.kind === "label") return { from: fitting.from, options: (await knowledge.labels(fitting.selector)).map((label) => ({ label, type: "property" })), validFor: valid };
  if (fitting.kind === "value") {
    const closing = text[context.pos] === '"' ? "" : '"';
    return { from: fitting.from, options: (await knowledge.values(fitting.label, fitting.selector)).map((label) => ({ label, apply: label.replaceAll("\\", "\\\\").replaceAll('"', '\\"') + closing, type: "text" })), validFor: /^[^"]*$/ };
  }
  const metrics = knowledge.metrics().map(({ name, type, note }) => ({ label: name, detail: type, info: note || undefined, boost: 1, type: "variable" }));
  return { from: fitting.from, options: [...metrics, ...fixed], validFor: valid };
}

export function createPromEditor(host: HTMLElement, input: PromEditorInput): PromEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  root.replaceChildren(parent);
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: input.text,
      extensions: [
        history(), drawSelection(), bracketMatching(), closeBrackets(),
        autocompletion({ icons: false, override: [(context) => complete(context, input.knowledge)], activateOnTypingDelay: 60 }),
        // Behind completion, which takes Enter while its list is open.
        keymap.of(completionKeymap),
        Prec.high(keymap.of([{ key: "Mod-Enter", run: () => (input.onRun(), true) }])),
        keymap.of([{ key: "Enter", run: () => (input.onRun(), true) }, { key: "Mod-Space", run: startCompletion }, ...defaultKeymap, ...historyKeymap]),
        // In front of the common look, which is that of a large editor.
        EditorView.theme({ "&": { height: "auto", fontSize: "12.5px", backgroundColor: "transparent" }, ".cm-content": { padding: "4px 0" }, ".cm-line": { padding: "0 9px" } }),
        language, syntaxHighlighting(editorColours), editorLook, EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": input.label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && input.onChange(update.state.doc.toString())),
        EditorView.domEventHandlers({ blur: () => void input.onRun() }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    markError: (offset, message) => view.dispatch(setDiagnostics(view.state, offset === null ? [] : [errorAt(view, offset, message)])),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
