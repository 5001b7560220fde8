// Owns the ids of a trace's spans as numbers, two words each, and finding a span by its id: a million ids as texts and a
// map over them would take longer to make than everything else that is drawn. Never knows what a span is.

/** What the two words of an id mean as text; both words zero is no id. */
export interface Spelling {
  textOf: (high: number, low: number) => string;
  /** Null for a text that no id here can have. */
  wordsOf: (text: string) => readonly [number, number] | null;
}

const digits = (word: number): string => word.toString(16).padStart(8, "0");

/** Ids of eight bytes, as OTLP has them. */
export const HEX_SPELLING: Spelling = {
  textOf: (high, low) => digits(high) + digits(low),
  wordsOf: (text) => (/^[0-9a-f]{16}$/.test(text) ? [parseInt(text.slice(0, 8), 16), parseInt(text.slice(8), 16)] : null),
};

/** Ids of any form, as files may have them: their numbers in the order of their first appearance. */
export class ListedSpelling implements Spelling {
  private readonly texts: string[] = [""];
  private readonly numbers = new Map<string, number>([["", 0]]);

  readonly textOf = (_high: number, low: number): string => this.texts[low] ?? "";
  readonly wordsOf = (text: string): readonly [number, number] | null => {
    const number = this.numbers.get(text);
    return number === undefined ? null : [0, number];
  };

  /** One more column of ids in this spelling. */
  list(texts: readonly string[]): SpanIds {
    const words = new Uint32Array(texts.length * 2);
    texts.forEach((text, index) => {
      let number = this.numbers.get(text);
      if (number === undefined) {
        number = this.texts.push(text) - 1;
        this.numbers.set(text, number);
      }
      words[2 * index + 1] = number;
    });
    return new SpanIds(words, this);
  }
}

export class SpanIds {
  constructor(
    readonly words: Uint32Array,
    readonly spelling: Spelling,
  ) {}

  get count(): number {
    return this.words.length / 2;
  }

  at(index: number): string {
    return this.spelling.textOf(this.words[2 * index], this.words[2 * index + 1]);
  }

  isNone(index: number): boolean {
    return this.words[2 * index] === 0 && this.words[2 * index + 1] === 0;
  }
}

const EMPTY = -1;

/** Open addressing over at least twice as many slots as ids. The first span to use an id keeps it. */
export class SpanIdIndex {
  /** Spans whose id another one before them has. */
  readonly repeated = new Set<number>();
  private readonly slots: Int32Array;

  constructor(private readonly ids: SpanIds) {
    let size = 16;
    while (size < ids.count * 2) size *= 2;
    this.slots = new Int32Array(size).fill(EMPTY);
    for (let index = 0; index < ids.count; index++) {
      const slot = this.slotOf(ids.words[2 * index], ids.words[2 * index + 1]);
      if (this.slots[slot] === EMPTY) this.slots[slot] = index;
      else this.repeated.add(index);
    }
  }

  get(text: string): number | undefined {
    const words = this.ids.spelling.wordsOf(text);
    if (words === null) return undefined;
    const found = this.find(words[0], words[1]);
    return found === EMPTY ? undefined : found;
  }

  has(text: string): boolean {
    return this.get(text) !== undefined;
  }

  /** -1 where no span has it. */
  find(high: number, low: number): number {
    return this.slots[this.slotOf(high, low)];
  }

  /** Where the id is, or where it would be put. */
  private slotOf(high: number, low: number): number {
    const { slots, ids } = this;
    const mask = slots.length - 1;
    let mixed = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
    for (let slot = (mixed ^ (mixed >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot];
      if (index === EMPTY || (ids.words[2 * index] === high && ids.words[2 * index + 1] === low)) return slot;
    }
  }
}
