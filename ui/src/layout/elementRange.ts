// Owns which lines of a list have elements: those in view, but while one scrolls by wheel or finger those that were in view
// before, and the few that must always be there. Painted rows follow at once, so that elements may follow when it rests.
// Pure but for what it remembers of the lines before.

export type LineRange = readonly [first: number, last: number];

export const linesOf = ([first, last]: LineRange): number[] => Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);

export class ElementRange {
  private first = 0;
  private last = -1;
  private list: unknown = null;

  /** From `first` to `last` is in view of `list`; another list has other lines, which no element of before may show. */
  place(list: unknown, first: number, last: number, isMoving: boolean): LineRange {
    if (!isMoving || list !== this.list) [this.first, this.last] = [first, last];
    this.list = list;
    return [this.first, this.last];
  }

  /** Lines in view, but without an element by that range. */
  static beside([first, last]: LineRange, wanted: readonly number[], from: number, to: number): number[] {
    return [...new Set(wanted)].filter((line) => line >= from && line <= to && (line < first || line > last));
  }
}
