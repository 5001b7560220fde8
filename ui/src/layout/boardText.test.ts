// Guarantees: text panels become blocks, and what looks like HTML stays text.
import { expect, it } from "vitest";
import { readText } from "./boardText";

it("reads the small Markdown", () => {
  expect(readText("# Head `x`\n\nOne **bold**\nline [a](/b).\n- one\n- two\n\n```\nraw *\n```\n<script>")).toEqual([
    { kind: "heading", level: 1, parts: [{ kind: "text", text: "Head " }, { kind: "code", text: "x" }] },
    { kind: "paragraph", parts: [{ kind: "text", text: "One " }, { kind: "bold", text: "bold" }, { kind: "text", text: " " }, { kind: "text", text: "line " }, { kind: "link", text: "a", url: "/b" }, { kind: "text", text: "." }] },
    { kind: "list", items: [[{ kind: "text", text: "one" }], [{ kind: "text", text: "two" }]] },
    { kind: "code", text: "raw *" },
    { kind: "paragraph", parts: [{ kind: "text", text: "<script>" }] },
  ]);
});
