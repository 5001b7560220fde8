// Guarantees: conversations are read in every form that senders write, and anything else gives none, never an error.
import { expect, it } from "vitest";
import { conversationOf } from "./conversation";

const short = (attributes: Parameters<typeof conversationOf>[0]): string => conversationOf(attributes).map(({ role, text, tool }) => `${role}${tool === null ? "" : `(${tool})`}: ${text}`).join(" | ");

it("reads messages with parts, tools among them", () => {
  expect(short({
    "gen_ai.system_instructions": '[{"type":"text","content":"be brief"}]',
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"weather?"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"rain"}]}]',
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"weather","arguments":{"in":"Paris"}}]}]',
  })).toBe('system: be brief | user: weather? | tool(c1): rain | assistant(weather): {\n  "in": "Paris"\n}');
});
it("reads an attribute a message, in order", () => {
  expect(short({ "gen_ai.completion.0.content": "hello", "gen_ai.prompt.10.content": "b", "gen_ai.prompt.2.content": "a", "gen_ai.prompt.2.role": "system" })).toBe("system: a | user: b | assistant: hello");
});
it("takes what is no JSON as text, and nothing from what is nothing", () => {
  expect(short({ "gen_ai.input.messages": "plain [text" })).toBe("user: plain [text");
  for (const odd of ["", "null", "5", "[]", "[null,3,[]]", '{"parts":5}', '[{"parts":[{}]}]']) expect(short({ "gen_ai.input.messages": odd })).toBe("");
  expect(short({})).toBe("");
});
