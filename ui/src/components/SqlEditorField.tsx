// Owns placing the SQL editor in the page and telling it what it should show. The editor itself is paint/sqlEditor.
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import type { SqlTable } from "../api/queries";
import { createSqlEditor, type SqlEditor } from "../paint/sqlEditor";
import { texts } from "../texts";

export interface SqlEditorHandle {
  text: () => string;
  setText: (text: string) => void;
  insert: (text: string) => void;
  focus: () => void;
}

interface SqlEditorFieldProps {
  initialText: string;
  tables: SqlTable[] | undefined;
  error: { offset: number; message: string } | null;
  onRun: () => void;
  onChange: (text: string) => void;
  ref: Ref<SqlEditorHandle>;
}

export function SqlEditorField({ initialText, tables, error, onRun, onChange, ref }: SqlEditorFieldProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<SqlEditor | null>(null);
  const callbacks = useRef({ onRun, onChange });
  const firstText = useRef(initialText);
  useEffect(() => {
    callbacks.current = { onRun, onChange };
  });
  useEffect(() => {
    if (!host.current) return;
    const made = createSqlEditor(host.current, {
      text: firstText.current,
      label: texts.sql.editor,
      onRun: () => callbacks.current.onRun(),
      onChange: (text) => {
        firstText.current = text;
        callbacks.current.onChange(text);
      },
    });
    editor.current = made;
    return () => {
      made.destroy();
      editor.current = null;
    };
  }, []);
  useEffect(() => {
    if (tables) editor.current?.setTables(tables);
  }, [tables]);
  useEffect(() => {
    editor.current?.markError(error?.offset ?? null, error?.message ?? "");
  }, [error]);
  useImperativeHandle(ref, () => ({
    text: () => editor.current?.text() ?? firstText.current,
    setText: (text) => editor.current?.setText(text),
    insert: (text) => editor.current?.insert(text),
    focus: () => editor.current?.focus(),
  }));
  return <div className="sql-editor" ref={host} data-testid="sql-editor" />;
}
