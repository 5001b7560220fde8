// Owns how a conversation with a model is shown in a span's panel. What the messages are is read in model/conversation.
import { useMemo } from "react";
import type { Span } from "../api/types";
import { conversationOf } from "../model/conversation";
import { texts } from "../texts";
import { PanelSection } from "./PanelSection";

const LONG = 1200;

export function Conversation({ span }: { span: Span }) {
  const messages = useMemo(() => conversationOf(span.attributes), [span]);
  if (messages.length === 0) return null;
  return (
    <PanelSection title={texts.span.conversation} count={messages.length}>
      <ol className="conversation">
        {messages.map(({ role, text, tool }, index) => (
          <li key={index} data-role={role}>
            <span className="message-role">{tool === null ? role : `${role} · ${tool}`}</span>
            {text.length <= LONG ? <p>{text}</p> : (
              <details>
                <summary>{text.slice(0, LONG)}…</summary>
                <p>{text.slice(LONG)}</p>
              </details>
            )}
          </li>
        ))}
      </ol>
    </PanelSection>
  );
}
