// Owns reading a conversation with a model from a span's attributes: as the conventions for generative AI have it now
// (lists of messages as JSON), and as older instrumentation writes it (an attribute a message). Never draws.
import type { Attributes, AttributeValue } from "./attributes";

export interface Message {
  /** `system`, `user`, `assistant`, `tool`, or what the sender calls it. */
  role: string;
  text: string;
  /** A tool that is called, or one that answers. */
  tool: string | null;
}

const LISTS: [key: string, role: string][] = [["gen_ai.system_instructions", "system"], ["gen_ai.input.messages", "user"], ["gen_ai.output.messages", "assistant"]];
const NUMBERED = /^gen_ai\.(prompt|completion)\.(\d+)\.(role|content)$/;

/** In order; empty where the span holds none, or what it holds cannot be read. */
export function conversationOf(attributes: Attributes): Message[] {
  const messages = LISTS.flatMap(([key, role]) => (key in attributes ? messagesOf(parsed(attributes[key]), role) : []));
  return messages.length > 0 ? messages : numberedMessages(attributes);
}

function parsed(value: AttributeValue): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function messagesOf(value: unknown, role: string): Message[] {
  if (typeof value === "string") return value === "" ? [] : [{ role, text: value, tool: null }];
  return (Array.isArray(value) ? value : [value]).flatMap((one): Message[] => {
    const message = record(one);
    if (message === null) return typeof one === "string" ? [{ role, text: one, tool: null }] : [];
    const own = typeof message.role === "string" ? message.role : role;
    const parts = Array.isArray(message.parts) ? message.parts : [message];
    return parts.flatMap((part) => partOf(part, own) ?? []);
  });
}

function partOf(value: unknown, role: string): Message | null {
  const part = record(value);
  if (part === null) return typeof value === "string" ? { role, text: value, tool: null } : null;
  if (part.type === "tool_call") return { role, text: written(part.arguments), tool: written(part.name) };
  if (part.type === "tool_call_response") return { role: "tool", text: written(part.response ?? part.result), tool: written(part.id) };
  const text = written(part.content ?? part.text);
  return text === "" ? null : { role, text, tool: null };
}

function numberedMessages(attributes: Attributes): Message[] {
  const found = new Map<string, { at: number; message: Message }>();
  for (const [key, value] of Object.entries(attributes)) {
    const match = NUMBERED.exec(key);
    if (!match) continue;
    const [, side, number, field] = match;
    const name = `${side}.${number}`;
    const entry = found.get(name) ?? { at: Number(number) + (side === "completion" ? 1e6 : 0), message: { role: side === "completion" ? "assistant" : "user", text: "", tool: null } };
    if (field === "role") entry.message.role = written(value);
    else entry.message.text = written(value);
    found.set(name, entry);
  }
  return [...found.values()].sort((a, b) => a.at - b.at).map((entry) => entry.message).filter((message) => message.text !== "");
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

const written = (value: unknown): string => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2));
