// Scenario: somebody wants back what a dashboard was before others changed it. Guarantees: versions are listed newest first
// with their times; an earlier one is looked at by an address of its own and cannot be edited; what differs is said in words;
// restoring saves it as the newest and never over what was saved meanwhile; what has no versions offers none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { teamBoards, VERSIONS } from "../mock/boardSamples.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's dashboards" : false };

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => { its.state.boards = teamBoards(); } });

const go = (path) => view.page.goto(mock.url + path);
const noProblems = () => assert.deepEqual(view.problems.filter((text) => !/status of (404|412)|Applying inline style/.test(text)), []);
const panel = (title) => view.page.locator(`.panel[aria-label="${title}"]`);
const note = () => view.page.locator(".version-note");
const said = () => note().locator("li").allTextContents();

test("versions are listed, one is looked at, and the way back is the browser's own", options, async () => {
  const { page } = view;
  await go("/boards/team?range=6h");
  await panel("Jobs").waitFor();
  await page.getByRole("button", { name: "History" }).click();
  const rows = page.locator(".board-versions a");
  await rows.nth(2).waitFor();
  const texts = await rows.allTextContents();
  assert.match(texts[0], /^Version 3newestshown5 min ago\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.match(texts[1], /^Version 210 min ago/);
  assert.match(texts[2], /^Version 11 d ago/);
  await rows.nth(1).click();
  await page.waitForURL(/\/boards\/team\?range=6h&version=2$/);
  await note().getByText(/Version 2 of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(10 min ago\)\. This is not the newest\./).waitFor();
  assert.deepEqual(await said(), [
    "added panels: “Jobs”", "removed panels: one without a title (Text)", "“Requests” is called “Requests a second”, and changed: how it is drawn", "changed “Memory”: how it is drawn",
    "removed variables: $zone", "changed settings: title, time range, refresh",
  ]);
  assert.equal(await page.locator(".dialog").count(), 0);
  assert.equal(await panel("Jobs").count(), 0);
  assert.equal(await page.getByRole("button", { name: "Edit", exact: true }).count(), 0);
  await page.keyboard.press("e");
  assert.equal(await page.locator(".board-grid[data-editing]").count(), 0);
  await page.goBack();
  await panel("Jobs").waitFor();
  assert.equal(await note().count(), 0);
  noProblems();
});

test("a version has an address of its own, which edits nothing", options, async () => {
  const { page } = view;
  await go("/boards/team?version=1&edit=on");
  await note().getByText("This is not the newest.").waitFor();
  await panel("Requests").waitFor();
  assert.equal(await page.locator(".board-grid[data-editing]").count(), 0);
  assert.equal(await page.locator("h1").textContent(), VERSIONS[0].title);
  await page.getByRole("button", { name: "Back to the newest" }).click();
  await panel("Jobs").waitFor();
  assert.doesNotMatch(page.url(), /version/);
  await go("/boards/team?version=3");
  await note().getByText("This is the newest.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Restore" }).count(), 0);
  noProblems();
});

test("restoring saves a version as the newest, with what this page does not know of it", options, async () => {
  const { page } = view;
  const kept = mock.state.boards.get("team");
  kept.earlier.at(-1).text = JSON.stringify({ ...VERSIONS[0], ownedBy: "payments" });
  await go("/boards/team?version=1");
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("Version 1 is the newest again, as version 4.").waitFor();
  await panel("Requests").waitFor();
  assert.doesNotMatch(page.url(), /version/);
  const now = mock.state.boards.get("team");
  assert.deepEqual([now.number, JSON.parse(now.text), now.earlier.length], [4, { ...VERSIONS[0], ownedBy: "payments" }, 3]);
  await page.getByRole("button", { name: "History" }).click();
  assert.match(await page.locator(".board-versions a").first().textContent(), /^Version 4newestshownnow/);
  await page.keyboard.press("Escape");
  // And it is edited and saved as ever, over the version that it is now.
  await page.keyboard.press("e");
  await panel("Requests").getByRole("button", { name: "Copy the panel" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForFunction(() => !location.search.includes("edit"));
  assert.equal(mock.state.boards.get("team").number, 5);
  noProblems();
});

test("what somebody else saved meanwhile is not written over, and is compared with", options, async () => {
  const { page } = view;
  await go("/boards/team?version=2");
  await note().getByText("added panels: “Jobs”").waitFor();
  const kept = mock.state.boards.get("team");
  mock.state.boards.set("team", { text: JSON.stringify({ ...VERSIONS[1], description: "by somebody else" }), number: 4, changedMs: Date.now(), earlier: [{ number: 3, text: kept.text, changedMs: kept.changedMs }, ...kept.earlier] });
  await page.getByRole("button", { name: "Restore" }).click();
  await note().getByRole("alert").getByText("Somebody else saved this dashboard meanwhile").waitFor();
  await note().getByText("changed settings: description").waitFor();
  assert.equal(mock.state.boards.get("team").number, 4);
  assert.equal((await said()).length, 1);
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("Version 2 is the newest again, as version 5.").waitFor();
  noProblems();
});

test("a version that is none is said so, with ways on", options, async () => {
  const { page } = view;
  for (const version of ["99", "first", "0"]) {
    await go(`/boards/team?version=${version}`);
    await page.getByText(`This dashboard has no version ${version}`).waitFor();
  }
  await page.getByRole("button", { name: "History" }).click();
  await page.locator(".board-versions a").nth(1).click();
  await note().waitFor();
  await go("/boards/services?version=2");
  await page.getByText("This dashboard has no version 2").waitFor();
  await page.getByRole("button", { name: "Back to the newest" }).click();
  await page.locator(".panel").first().waitFor();
  noProblems();
});

test("shipped dashboards and files offer no history; a file says where it lies", options, async () => {
  const { page } = view;
  for (const name of ["services", "on-call"]) {
    await go(`/boards/${name}`);
    await page.locator(".panel").first().waitFor();
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "History" }).count(), 0, name);
  }
  await page.getByText("kept in the file /etc/spanlake/dashboards/on-call.json").waitFor();
  await go("/boards/on-call?embed=1");
  await panel("Jobs").waitFor();
  assert.equal(await page.locator(".board-note").count(), 0);
  await go("/boards/team?version=1&embed=1");
  await note().getByText("This is not the newest.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Restore" }).count(), 0);
  noProblems();
});
