import { expect, test } from "vitest";
import type { ColdStatus } from "../api/types";
import { coldNotice } from "./coldNotice";

const READY: ColdStatus = { url: "s3://b/p", state: "ready", message: null, since: "2026-11-21T10:00:00Z", files: 1, bytes: 2, rows: 3, waiting_bytes: 0 };

test("nothing is said while all is well, or where there is no cold tier", () => {
  expect(coldNotice(READY)).toBeNull();
  expect(coldNotice(null)).toBeNull();
  expect(coldNotice(undefined)).toBeNull();
  expect(coldNotice({ ...READY, state: "starting" })).toBeNull();
});

test("an outage says what waits and the server's own words", () => {
  const notice = coldNotice({ ...READY, state: "failing", message: "the store cannot be reached", waiting_bytes: 5 * 1024 * 1024 });
  expect(notice?.sentence).toContain("5");
  expect(notice?.sentence).toContain("nothing is lost");
  expect(notice?.detail).toBe("the store cannot be reached");
});

test("a tier that was lost to another server says so", () => {
  expect(coldNotice({ ...READY, state: "lost", message: "another" })?.sentence).toMatch(/another server/i);
});
