// Guarantees: points merge in any order, once each, without gaps after a reconnect and with gaps where nothing was measured;
// a server that went down keeps its last picture; the picture's edge moves on, whatever clocks say.
import { describe, expect, it } from "vitest";
import type { MysqlLive, MysqlPoint, MysqlServer } from "../api/mysqlTypes";
import { afterAnswer, NOTHING_YET } from "./mysqlFeed";
import { columnsOf, latestOf, mergePoints, momentMs, RING_MS } from "./mysqlRing";
import { isTab, pictureEnd } from "./mysqlTabs";

const BASE = Date.parse("2026-11-21T10:00:00Z");
const point = (second: number, qps: number | undefined = second): MysqlPoint => ({ time: new Date(BASE + second * 1000).toISOString(), figures: qps === undefined ? {} : { qps } });
const seconds = (ring: { ms: number }[]): number[] => ring.map((one) => (one.ms - BASE) / 1000);

describe("the ring", () => {
  it("appends, and keeps ten minutes", () => {
    const ring = mergePoints([], Array.from({ length: 900 }, (_, place) => point(place)));
    expect(seconds(ring).at(0)).toBe(899 - RING_MS / 1000);
    expect(seconds(mergePoints(ring, [point(900), point(901)])).slice(-2)).toEqual([900, 901]);
  });
  it("takes what comes again and what comes late once each, the newer word holding", () => {
    const ring = mergePoints(mergePoints([], [point(1), point(2), point(5)]), [point(4), point(2, 99), point(3), point(5)]);
    expect(seconds(ring)).toEqual([1, 2, 3, 4, 5]);
    expect(ring[1].figures.qps).toBe(99);
  });
  it("fills the gap of a lost connection from the whole ring", () => {
    const all = Array.from({ length: 60 }, (_, place) => point(place));
    const before = mergePoints([], all.slice(0, 20));
    expect(seconds(mergePoints(before, all))).toEqual(all.map((_, place) => place));
  });
  it("stays the same where nothing came, and passes over moments that are none", () => {
    const ring = mergePoints([], [point(1)]);
    expect(mergePoints(ring, [])).toBe(ring);
    expect(seconds(mergePoints(ring, [{ time: "soon", figures: {} }]))).toEqual([1]);
  });
  it("reads moments in both spellings", () => {
    expect([momentMs("2026-11-21T10:00:00.123456789Z"), momentMs(`${BASE}123456789`.slice(0, 13) + "123456"), momentMs("x")].map((ms) => Math.floor(ms))).toEqual([BASE + 123, BASE, NaN]);
  });
});

describe("columns", () => {
  it("break where the server was silent", () => {
    const columns = columnsOf(mergePoints([], [point(0), point(1), point(30), point(31)]), ["qps"], 1000);
    expect(columns.values[0]).toEqual([0, 1, null, 30, 31]);
    expect(columns.seconds.map((second) => second - BASE / 1000)).toEqual([0, 1, 15.5, 30, 31]);
  });
  it("do not break where it is only asked seldom", () => expect(columnsOf(mergePoints([], [point(0), point(5), point(10)]), ["qps"], 5000).values[0]).toEqual([0, 5, 10]));
  it("leave unknown figures out", () => {
    const ring = mergePoints([], [point(0), { time: point(1).time, figures: {} }]);
    expect(columnsOf(ring, ["qps", "tps"], 1000).values).toEqual([[0, null], [null, null]]);
    expect([latestOf(ring, "qps"), latestOf(ring, "tps")]).toEqual([0, null]);
  });
});

describe("the feed", () => {
  const server = (up: boolean) => ({ up }) as MysqlServer;
  const answer = (up: boolean, points: MysqlPoint[], threads: number[]): MysqlLive => ({ seq: 1, server: server(up), points, statements: threads.map((thread) => ({ thread })) as MysqlLive["statements"], locks: [] });
  it("keeps the last picture of a server that went down, and says of when", () => {
    const up = afterAnswer(NOTHING_YET, answer(true, [point(1)], [7]), 1000);
    const down = afterAnswer(up, answer(false, [], []), 5000);
    expect([down.statements.map((one) => one.thread), down.pictureMs, down.receivedMs, down.ring.length]).toEqual([[7], 1000, 1000, 1]);
    const back = afterAnswer(down, answer(true, [point(9)], []), 9000);
    expect([back.statements, back.pictureMs, back.receivedMs]).toEqual([[], 9000, 9000]);
  });
  it("moves its edge on while nothing comes, in the server's time", () => {
    expect([pictureEnd(null, 0, 77), pictureEnd(5000, 100, 100), pictureEnd(5000, 100, 3100), pictureEnd(5000, 200, 100)]).toEqual([77, 5000, 8000, 5000]);
  });
  it("believes our own clock of a server that was down before we came, where it is near", () => {
    expect([pictureEnd(1000, 300_000, 300_000, true), pictureEnd(1000, 5e6, 5e6, true)]).toEqual([300_000, 1000]);
  });
});

it("knows its views", () => expect([isTab("locks"), isTab("constructor"), isTab(null)]).toEqual([true, false, false]));
