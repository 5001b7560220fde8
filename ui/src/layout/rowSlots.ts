// Owns which element of the document shows which line of a list, so that elements are used again. A short scroll moves the
// few that left to the other end; a jump changes all of them where they stand, as moving an element costs more than
// writing another text into it. Pure but for what it remembers of the lines before.

export class RowSlots {
  private size = 0;
  private shift = 0;
  private first = 0;
  private last = -1;

  /** The key of each line from `first` to `last`: no two the same, and in the order of the elements where it can be. */
  place(first: number, last: number): (line: number) => number {
    const count = last - first + 1;
    const kept = Math.min(last, this.last) - Math.max(first, this.first) + 1;
    if (count > this.size) this.size = count;
    if (kept * 2 < count) this.shift += this.first - first;
    this.first = first;
    this.last = last;
    const { size, shift } = this;
    return (line) => (((line + shift) % size) + size) % size;
  }
}
