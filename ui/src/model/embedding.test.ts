import { expect, it } from "vitest";
import { embedAddress, embedCode, readEmbedding, wholeAddress } from "./embedding";

it("is embedded by its address alone, and takes a theme only then", () => {
  expect([readEmbedding("?embed=1&theme=dark"), readEmbedding("?embed=1&theme=pink"), readEmbedding("?theme=dark"), readEmbedding("?embed=on")]).toEqual([
    { isEmbedded: true, theme: "dark" },
    { isEmbedded: true, theme: null },
    { isEmbedded: false, theme: null },
    { isEmbedded: false, theme: null },
  ]);
});

it("goes to the whole page and back, with everything else of the address", () => {
  expect(wholeAddress("/trace/5b", "?embed=1&theme=dark&span=1")).toBe("/trace/5b?span=1");
  expect(wholeAddress("/trace/5b", "?embed=1")).toBe("/trace/5b");
  expect(embedAddress("https://lake.example/boards/mysql?kiosk=on&range=1h&edit=on")).toBe("https://lake.example/boards/mysql?range=1h&embed=1");
});

it("writes names that would end an attribute as text", () => {
  expect(embedCode("https://lake.example/trace/5b?span=1", `"><script>`, 480)).toBe(
    '<iframe src="https://lake.example/trace/5b?span=1&amp;embed=1" title="&quot;&gt;&lt;script&gt;" width="100%" height="480" style="border:0" loading="lazy"></iframe>',
  );
});
