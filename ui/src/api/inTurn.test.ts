// Guarantees: questions are asked in the order in which they came, no more at a time than told, and none is stuck behind one that
// failed or was given up.
import { expect, test } from "vitest";
import { inTurn } from "./inTurn";

/** A question that is answered when told. */
function question() {
  let answer!: (value: string) => void;
  let fail!: (error: Error) => void;
  const answered = new Promise<string>((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  const state = { isAsked: false, answer, fail, ask: () => ((state.isAsked = true), answered) };
  return state;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("so many at a time, first come, first asked", async () => {
  const turn = inTurn(2);
  const questions = [question(), question(), question(), question()];
  const signal = new AbortController().signal;
  const answers = questions.map((one) => turn(signal, one.ask));
  await settled();
  expect(questions.map((one) => one.isAsked)).toEqual([true, true, false, false]);
  questions[1].answer("second");
  await expect(answers[1]).resolves.toBe("second");
  await settled();
  expect(questions.map((one) => one.isAsked)).toEqual([true, true, true, false]);
  questions[0].fail(new Error("no"));
  await expect(answers[0]).rejects.toThrow("no");
  await settled();
  expect(questions[3].isAsked).toBe(true);
});

test("who gives up while waiting is not asked for and holds nobody up", async () => {
  const turn = inTurn(1);
  const [first, second, third] = [question(), question(), question()];
  const tired = new AbortController();
  const never = new AbortController().signal;
  void turn(never, first.ask);
  const given = turn(tired.signal, second.ask);
  const last = turn(never, third.ask);
  tired.abort(new Error("gone"));
  await expect(given).rejects.toThrow("gone");
  first.answer("");
  await settled();
  expect([second.isAsked, third.isAsked]).toEqual([false, true]);
  third.answer("there");
  await expect(last).resolves.toBe("there");
  await expect(turn(tired.signal, question().ask)).rejects.toThrow("gone");
});
