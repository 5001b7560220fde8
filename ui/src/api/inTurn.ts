// Owns how many questions are asked at a time: those that came first go first, so that what stands on top of a page is there first
// where the server has few cores. Never asks by itself.

export type InTurn = <T>(signal: AbortSignal, ask: () => Promise<T>) => Promise<T>;

/** Asks at most so many at a time; who gives up while waiting is not asked for. */
export function inTurn(most: number): InTurn {
  let running = 0;
  const waiting: (() => void)[] = [];
  const takeTurn = (signal: AbortSignal): Promise<void> =>
    new Promise((begin, refuse) => {
      const turn = () => {
        signal.removeEventListener("abort", giveUp);
        running += 1;
        begin();
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(turn), 1);
        refuse(signal.reason as Error);
      };
      if (signal.aborted) return refuse(signal.reason as Error);
      if (running < most) return turn();
      waiting.push(turn);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  return async (signal, ask) => {
    await takeTurn(signal);
    try {
      return await ask();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
