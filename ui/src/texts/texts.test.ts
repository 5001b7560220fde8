// Guarantees: every English text has its Chinese: the same keys, the same lists, as many values in each sentence, and
// nothing left in English but what is the same in both.
import { expect, it } from "vitest";
import { languageFor } from "../language";
import { en } from "./en";
import { zhCN } from "./zh-CN";
import { inChinese } from "./zh-CN/mysqlSentences";

/** Names, units, keys and examples that are not translated. */
const SAME_IN_BOTH = new Set(["Spanlake", "SQL", "Ctrl+Enter", "p50", "p95", "p99", "MySQL", "MariaDB", "InnoDB", "A", "B", "Span id", "Schema", "Trace state"]);
const isSameInBoth = (path: string, text: string): boolean => SAME_IN_BOTH.has(text) || /^help\.groups\.\d+\.keys\.\d+\.0$/.test(path) || !/[a-z]/i.test(text);

type Leaf = [path: string, value: unknown];

function leaves(value: unknown, path = ""): Leaf[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}

const [english, chinese] = [new Map(leaves(en)), new Map(leaves(zhCN))];

it("has the same keys", () => expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort()));

it("has the same kinds of text, with as many values in each", () => {
  const shape = (value: unknown): string => (typeof value === "function" ? `of ${value.length}` : typeof value);
  // A measure word takes the place of a plural, which only the English count needs.
  const wrong = [...english].filter(([path, text]) => path !== "common.count" && shape(text) !== shape(chinese.get(path))).map(([path]) => path);
  expect(wrong).toEqual([]);
});

it("leaves nothing in English", () => {
  const left = [...english].filter(([path, text]) => typeof text === "string" && !isSameInBoth(path, text) && !/\p{Script=Han}/u.test(String(chinese.get(path)))).map(([path]) => path);
  expect(left).toEqual([]);
});

it("has Chinese in its sentences with values", () => {
  const call = (text: unknown): string => String((text as (...values: unknown[]) => string)(...["second", "minute", true].slice(0, (text as () => string).length || 1)));
  const left: string[] = [];
  for (const [path, text] of chinese) {
    if (typeof text !== "function" || path === "common.count" || path === "common.percent" || path === "trace.eventTick" || path === "servicesPage.rate" || path === "mysqlPage.events.title" || path === "mysqlPage.poller.sentence") continue;
    if (!/\p{Script=Han}/u.test(call(text)) && !/\p{Script=Han}/u.test(String((text as (...values: number[]) => string)(1, 2, 3)))) left.push(path);
  }
  expect(left).toEqual([]);
});

it("has the punctuation of Chinese between Chinese words", () => {
  const call = (text: unknown): string => (typeof text === "function" ? String((text as (...values: unknown[]) => unknown)(1, 2, 3, 4)) : String(text));
  const wrong = [...chinese].filter(([path, text]) => path !== "trace.eventTick" && /\p{Script=Han}[,:;?!]|[,:;?!]\p{Script=Han}/u.test(call(text))).map(([path]) => path);
  expect(wrong).toEqual([]);
});

it("says in Chinese what the server says of a MySQL server, and leaves alone what it does not know", () => {
  expect(inChinese("90 % of 400 connections are used")).toBe("400 个连接已用 90%");
  expect(inChinese("sql_mode was set from ANSI to STRICT_ALL_TABLES,\nNO_ZERO_DATE")).toBe("sql_mode 由 ANSI 改为 STRICT_ALL_TABLES,\nNO_ZERO_DATE");
  expect(inChinese('receiving from db-1:3306 is "Connecting": error 2003')).toBe('从 db-1:3306 接收的状态为 "Connecting": error 2003');
  expect(inChinese("[Warning] [MY-010055] IP address could not be resolved")).toBeNull();
});

it("follows the choice, then the browser", () => {
  expect([languageFor("zh-CN", ["en"]), languageFor("en", ["zh-CN"]), languageFor(null, ["zh-Hans-SG", "en"]), languageFor(null, ["de", "zh"]), languageFor("xx", [])]).toEqual(["zh-CN", "en", "zh-CN", "en", "en"]);
});
