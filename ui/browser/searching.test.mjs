// Scenario: a search over many files takes its time. Guarantees: traces are shown as they are found, with how far the
// search has come; it can be ended and gone on with; the end is the same as of a list that comes in one piece.
import assert from "node:assert/strict";
import { test } from "node:test";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs a search that takes as long as the test says" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => Object.assign(its.state, { missing: [], searchBound: null, searchStepMs: 0, searchError: null }) });

const go = (path) => view.page.goto(mock.url + path);
const note = (text) => view.page.locator(".list-note", { hasText: text });
const rows = () => view.page.locator(".trace-row:not(.head)");
const firstRows = () => rows().evaluateAll((all) => all.slice(0, 12).map((row) => row.textContent));
const stop = () => view.page.getByRole("button", { name: "Stop" });

test("rows come as they are found, and end as those of one piece", options, async () => {
  const { page } = view;
  mock.state.searchStepMs = 250;
  await go("/?live=off");
  await note(/searched back to .*\d of 9 files read/).waitFor();
  await note(/^\d{1,2} traces\+.*Stop/).waitFor();
  await stop().waitFor({ state: "detached" });
  await note("50 traces+").waitFor();
  const told = await firstRows();
  mock.state.missing = ["lines"];
  await page.reload();
  await note("50 traces+").waitFor();
  assert.deepEqual(await firstRows(), told);
  assert.deepEqual(view.problems, []);
});

test("a search that is ended keeps what it found, and goes on from there", options, async () => {
  const { page } = view;
  mock.state.searchStepMs = 500;
  await go("/");
  await note(/^[1-4]\d traces\+/).waitFor();
  await stop().click();
  await note("Search stopped at").waitFor();
  await note("Live waits").waitFor();
  const stopped = await rows().count();
  assert.ok(stopped >= 10 && stopped < 50, `${stopped} rows`);
  mock.state.searchStepMs = 0;
  await page.locator(".trace-rows").evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await page.getByRole("button", { name: "Search further" }).click();
  await note(/[6-9]\d traces\+/).waitFor();
  await page.getByRole("button", { name: "Back to the newest" }).click();
  await note(/^50 traces\+/).waitFor();
  assert.deepEqual(view.problems, []);
});

test("another filter ends the search of the one before, and its rows make way at once", options, async () => {
  const { page } = view;
  await go("/?live=off");
  await note("50 traces+").waitFor();
  mock.state.searchStepMs = 300;
  await page.getByLabel("Status").selectOption("error");
  await stop().waitFor();
  await note("5 traces+").waitFor();
  assert.equal(await page.locator(".trace-row:not(.head) .cell-errors:empty").count(), 0);
});

test("what was found before the search failed stays, beside why", options, async () => {
  Object.assign(mock.state, { searchStepMs: 60, searchError: "the search needs too much memory" });
  await go("/?live=off");
  await note("the search needs too much memory").waitFor();
  assert.ok((await rows().count()) >= 5);
  await stop().waitFor({ state: "detached" });
});
