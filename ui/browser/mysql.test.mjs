// Scenario: at night somebody opens the page of MySQL servers, finds the one in trouble, sees who holds up whom and which
// statement changed its plan, and jumps to the trace. Guarantees: everything moves without jumping, is said in words, can be
// reached by keyboard, is kept in the address, and survives a server, or Spanlake, that stops.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { FAILING } from "../mock/store.mjs";
import { useMock } from "./launch.mjs";

const options = { skip: process.env.SPANLAKE_URL ? "needs the mock's MySQL servers" : false };
const SERVER = "/mysql/db-1%3A3306";
const CHANGED = `${SERVER}?tab=statements&digest=d3a177c1b2d3a1&in=shop`;

let mock;
let view;
useMock((its) => ({ mock, view } = its), { prepare: (its) => Object.assign(its.state, { mysqlDown: [], mysqlDownSince: undefined, mysqlConnections: undefined, mysqlEmpty: false, down: false, missing: [] }) });
let expectedProblems = false;
afterEach(() => {
  if (!expectedProblems) assert.deepEqual(view.problems, []);
  expectedProblems = false;
});

const open = async (path) => {
  await view.page.goto(mock.url + path);
  return view.page;
};

test("all servers: the worst first, in words, found and opened by keyboard", options, async () => {
  const page = await open("/");
  await page.locator(".trace-row").first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("y");
  const rows = page.locator(".fleet-row[data-row]");
  await rows.nth(6).waitFor();
  assert.match(await rows.nth(0).innerText(), /archive:3306[\s\S]*does not answer/);
  assert.match(await rows.nth(1).innerText(), /db-1:3306[\s\S]*400 connections/);
  await page.locator(".fleet-spark .spark-line[d^='M']").first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: /look at it/ }).click();
  await page.waitForURL(/light=yellow/);
  assert.equal(await rows.count(), 2);
  await page.getByRole("button", { name: /look at it/ }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("mariadb");
  await page.waitForURL(/q=mariadb/);
  assert.equal(await rows.count(), 1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/mysql\/legacy-maria/);
  await page.getByText("MariaDB 10.11.19").waitFor();
});

test("a change is on the page without asking for it, and a held picture stays", options, async () => {
  const page = await open(SERVER);
  const connected = page.locator("[data-chart='connections'] [data-figure='connections']");
  await connected.waitFor();
  mock.state.mysqlConnections = 123;
  await page.waitForFunction(() => document.querySelector("[data-figure='connections']").textContent === "123");
  assert.equal(await page.locator(".mysql-tile").count(), 8);
  await page.keyboard.press("p");
  await page.locator(".feed-state[data-state='held']").waitFor();
  mock.state.mysqlConnections = 77;
  const [answer] = await Promise.all([page.waitForResponse(/\/api\/mysql\/live/), page.waitForTimeout(1500)]);
  assert.equal(answer.status(), 200);
  assert.equal(await connected.innerText(), "123");
  await page.keyboard.press("p");
  await page.waitForFunction(() => document.querySelector("[data-figure='connections']").textContent === "77");
});

test("a server that stops says so and keeps what was seen; it comes back by itself", options, async () => {
  const page = await open(`${SERVER}?tab=locks`);
  await page.locator(".lock-row").nth(1).waitFor();
  mock.state.mysqlDown = ["db-1:3306"];
  await page.getByText(/It does not answer. What you see is what was last seen, at \d\d:\d\d:\d\d/).waitFor();
  await page.locator(".feed-state[data-state='down']").waitFor();
  assert.ok((await page.locator(".lock-row").count()) > 1);
  mock.state.mysqlDown = [];
  await page.locator(".feed-state[data-state='live']").waitFor();
  await page.getByText(/connections are used/).waitFor();
});

test("when Spanlake is gone the picture stays, and no gap is left afterwards", options, async () => {
  expectedProblems = true;
  const page = await open(SERVER);
  await page.locator(".mysql-tile").first().waitFor();
  mock.state.down = true;
  await page.locator(".feed-state[data-state='lost']").waitFor();
  assert.equal(await page.locator(".mysql-tile").count(), 8);
  await page.waitForTimeout(2500);
  const [question] = await Promise.all([page.waitForRequest((request) => request.url().includes("/api/mysql/live")), Promise.resolve((mock.state.down = false))]);
  assert.doesNotMatch(question.url(), /after=/, "the whole ring is asked for again");
  await page.locator(".feed-state[data-state='live']").waitFor();
});

test("lock waits are a tree with the blocker on top, each with its trace", options, async () => {
  const page = await open(SERVER);
  await page.locator(".mysql-tile").first().waitFor();
  await page.keyboard.press("3");
  await page.waitForURL(/tab=locks/);
  await page.locator("[role='treeitem'][aria-level='2']").first().waitFor();
  const top = page.locator("[role='treeitem']").first();
  assert.equal(await top.getAttribute("aria-level"), "1");
  assert.match(await top.innerText(), /idle in a transaction[\s\S]*holds up \d[\s\S]*Ends when thread/);
  await page.locator("[role='treeitem'][aria-level='3']").first().waitFor({ timeout: 30_000 });
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-level")), "2");
  await top.getByRole("link", { name: /Open the trace/ }).click();
  await page.waitForURL(new RegExp(`/trace/${FAILING}`));
});

test("running statements are sorted by any column and open in place", options, async () => {
  const page = await open(`${SERVER}?tab=now`);
  const rows = page.locator(".statement-row[data-row]");
  await rows.nth(3).waitFor();
  await page.locator("[data-column='rows'] button").click();
  await page.waitForURL(/by=-rows/);
  assert.match(await rows.first().innerText(), /1.84M/);
  await rows.first().locator(".statement-open").click();
  await page.locator(".statement-detail .sql-text").waitFor();
  await page.getByRole("link", { name: "All calls of this statement" }).click();
  await page.waitForURL(/tab=statements&digest=/);
});

test("top statements: sorted and found by address; one opens with its plans side by side", options, async () => {
  const page = await open(`${SERVER}?tab=statements`);
  const rows = page.locator(".digest-row[data-row]");
  await rows.nth(10).waitFor();
  await page.getByRole("group", { name: "Sort by" }).getByRole("button", { name: "Errors" }).click();
  await page.waitForURL(/sort=errors/);
  await page.waitForFunction(() => document.querySelector(".digest-row[data-row]").textContent.includes("UPDATE stock"));
  await page.getByRole("columnheader", { name: "Total time" }).getByRole("button").click();
  await page.keyboard.press("/");
  await page.keyboard.type("order by");
  await page.waitForURL(/q=order\+by/);
  await rows.filter({ hasText: "o.total" }).first().locator("a").click();
  await page.waitForURL(/digest=/);
  await page.getByText(/\d+ times as long a call/).waitFor();
  const [before, after] = [page.getByRole("region", { name: "Before" }), page.getByRole("region", { name: "After" })];
  assert.match(await before.innerText(), /index look-up[\s\S]*idx_orders_status_created/);
  assert.match(await after.innerText(), /full scan[\s\S]*reads the whole table/);
  assert.equal(await after.locator(".plan-row[data-changed]").count(), 1);
  await page.getByRole("region", { name: "Sent by" }).getByRole("link", { name: "checkout" }).waitFor();
  assert.equal(await page.getByRole("region", { name: "Traces" }).getByRole("link").count(), 3);
  assert.equal(await page.getByRole("region", { name: "Samples" }).locator("tbody tr").count(), 8);
  await page.keyboard.press("Escape");
  await page.waitForURL((address) => !address.search.includes("digest=") && address.search.includes("q=order"));
});

test("events: both sides of a deadlock, what a variable was, the way to both plans", options, async () => {
  const page = await open(`${SERVER}?tab=events`);
  await page.locator(".deadlock").first().waitFor();
  assert.equal(await page.locator(".deadlock").first().locator(".deadlock-side").count(), 2);
  assert.match(await page.locator(".deadlock-side[data-victim]").first().innerText(), /Transaction 2[\s\S]*rolled back[\s\S]*Waits for/);
  await page.getByRole("button", { name: /Variable/ }).click();
  await page.waitForURL(/kind=variable_change/);
  assert.match(await page.locator(".mysql-event").first().innerText(), /optimizer_switch[\s\S]*prefer_ordering_index=on[\s\S]*prefer_ordering_index=off/);
  await page.getByRole("button", { name: /Plan/ }).click();
  await page.getByRole("link", { name: "Both plans" }).click();
  await page.getByRole("region", { name: "Before" }).waitFor();
});

test("replication, InnoDB, variables and what watching costs", options, async () => {
  const page = await open("/mysql/db-3%3A3306?tab=replication");
  await page.getByRole("link", { name: /db-4:3306/ }).waitFor();
  assert.equal(await page.locator(".graph-node").count(), 5);
  assert.match(await page.locator(".edge-label[data-state='stopped']").innerText(), /stopped/);
  await page.keyboard.press("6");
  await page.getByText("Reads served from memory").waitFor();
  await page.getByText("89 %").waitFor();
  await page.keyboard.press("7");
  await page.getByText("28 variables").waitFor();
  await page.goto(`${mock.url}/mysql/reports%3A3306?tab=poller`);
  await page.getByText("GRANT SELECT ON performance_schema.* TO 'spanlake'@'%'").waitFor();
  await page.keyboard.press("3");
  await page.getByText("does not let lock waits be seen").waitFor();
});

test("longer ranges are asked through PromQL", options, async () => {
  const page = await open(SERVER);
  await page.locator(".mysql-tile").first().waitFor();
  const [question] = await Promise.all([page.waitForRequest(/query_range/), page.getByLabel("Time range").selectOption("1h")]);
  assert.match(decodeURIComponent(question.postData().replaceAll("+", " ")), /mysql_instance_endpoint="db-1:3306"/);
  await page.locator(".mysql-tile canvas").first().waitFor();
});

test("what is below does not move while locks come and go", options, async () => {
  const page = await open(SERVER);
  await page.locator(".mysql-event").first().waitFor();
  const places = () => page.evaluate(() => [...document.querySelectorAll(".mysql-tile, .mysql-card, .tile-figures dd, .mysql-tabs button")].map((element) => { const box = element.getBoundingClientRect(); return [Math.round(box.left), Math.round(box.top)].join(); }).join(" "));
  const first = await places();
  await page.waitForTimeout(5000);
  assert.equal(await places(), first);
});

test("a database span shows its statement, waits and who held it up", options, async () => {
  const page = await open(`/trace/${FAILING}?q=SELECT`);
  await page.locator(".waterfall").waitFor();
  for (const key of ["n", "n", "n", "n", "n", "Enter"]) await page.keyboard.press(key, { delay: 60 });
  const panel = page.locator(".span-database");
  await panel.getByText(/usually/).waitFor();
  await panel.getByText("lock/row/innodb").waitFor();
  assert.match(await panel.locator(".span-blocker").innerText(), /Held up by[\s\S]*thread \d+, on shop.stock/);
  await panel.getByRole("link", { name: "Open the trace that held it up" }).click();
  await page.waitForURL((address) => address.pathname.startsWith("/trace/") && !address.pathname.includes(FAILING));
});

test("without a server the page says how to add one; an unknown one is said to be unknown", options, async () => {
  mock.state.mysqlEmpty = true;
  const page = await open("/mysql");
  await page.getByText("No MySQL server is watched yet").waitFor();
  await page.getByText(/spanlake serve --mysql/).waitFor();
  await page.getByRole("tab", { name: "Configuration file" }).click();
  await page.getByText(/^mysql:/).waitFor();
  expectedProblems = true;
  mock.state.mysqlEmpty = false;
  await page.goto(`${mock.url}/mysql/nowhere%3A1`);
  await page.getByText("There is no such MySQL server here").waitFor();
  mock.state.missing = ["/api/mysql"];
  await page.goto(`${mock.url}/mysql`);
  await page.getByText("does not watch MySQL").waitFor();
});

test("it fits a phone", options, async () => {
  const { page } = view;
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/mysql", SERVER, `${SERVER}?tab=now`, `${SERVER}?tab=locks`, `${SERVER}?tab=statements`, CHANGED, "/mysql/db-3%3A3306?tab=replication", `${SERVER}?tab=innodb`, `${SERVER}?tab=variables`, `${SERVER}?tab=events`, "/mysql/reports%3A3306?tab=poller"]) {
    await open(path);
    await page.locator(path === "/mysql" ? ".fleet-row[data-row]" : ".mysql-body :is(.mysql-card, .mysql-tile, .digests, .variables)").first().waitFor();
    const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector(".mysql-body").scrollWidth, window.innerWidth]);
    assert.ok(wide[0] <= wide[2] && wide[1] <= wide[2], `${path}: ${wide.join(" ")}`);
  }
});
