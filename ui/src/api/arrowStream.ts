// Owns cutting an Arrow IPC stream into its messages while it arrives, so that the first rows can be drawn before the
// last ones are there. Never reads what a message says, but for how long it is.

/** What stands before a message since format 0.15; older writers leave it out. */
const CONTINUATION = 0xffffffff;
/** `bodyLength` is the fourth field of a Message: its place in the table's list of fields. */
const BODY_LENGTH_FIELD = 4 + 3 * 2;

export class ArrowMessages {
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  /** What the next message needs before it can be cut off. */
  private needed = 8;

  /** The messages that are whole with these bytes; bytes of the next one are kept. */
  add(bytes: Uint8Array): Uint8Array[] {
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    const found: Uint8Array[] = [];
    while (this.waitingBytes >= this.needed) {
      const all = this.joined();
      const length = messageLength(all);
      if (length === "end") break;
      if (length > all.length) {
        this.needed = length;
        break;
      }
      // A copy: the reader of columns wants them where their numbers are aligned.
      found.push(all.slice(0, length));
      this.waiting = [all.subarray(length)];
      this.waitingBytes = all.length - length;
      this.needed = 8;
    }
    return found;
  }

  private joined(): Uint8Array {
    if (this.waiting.length === 1) return this.waiting[0];
    const all = new Uint8Array(this.waitingBytes);
    let at = 0;
    for (const part of this.waiting) {
      all.set(part, at);
      at += part.length;
    }
    this.waiting = [all];
    return all;
  }
}

/** Of the first message; where its head is not there yet, as much as is needed to know. */
function messageLength(bytes: Uint8Array): number | "end" {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = view.getUint32(0, true) === CONTINUATION ? 8 : 4;
  const metadata = view.getInt32(head - 4, true);
  if (metadata === 0) return "end";
  if (metadata < 0) throw new Error("the skeleton is no Arrow stream");
  if (bytes.length < head + metadata) return head + metadata;
  const table = head + view.getInt32(head, true);
  const fields = table - view.getInt32(table, true);
  const place = view.getUint16(fields, true) > BODY_LENGTH_FIELD ? view.getUint16(fields + BODY_LENGTH_FIELD, true) : 0;
  return head + metadata + (place === 0 ? 0 : Number(view.getBigInt64(table + place, true)));
}
