/** Bytes that come cut anywhere: gathered without copying more than needed, and cut again only between lines or characters. */
import { plainText } from '../drivers/shell.ts';

export const NEWLINE = 10;
const MAX_LINE = 16 * 1024;

/** Bytes not yet read, kept as pieces so that a large frame is not copied once for every packet. */
export class Buffered {
  private pieces: Uint8Array[] = [];
  length = 0;

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.length += piece.length;
  }

  /** Takes the first `count` bytes. */
  take(count: number): Uint8Array {
    const whole = this.pieces.length === 1 ? this.pieces[0] : this.joined();
    if (whole === undefined) return new Uint8Array(0);
    this.pieces = whole.length > count ? [whole.subarray(count)] : [];
    this.length = Math.max(0, whole.length - count);
    return whole.subarray(0, count);
  }

  indexOf(byte: number): number {
    let before = 0;
    for (const piece of this.pieces) {
      const at = piece.indexOf(byte);
      if (at >= 0) return before + at;
      before += piece.length;
    }
    return -1;
  }

  private joined(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}

/** Where the last character that is whole ends, looking at most three bytes back. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

/** A carriage return lets what follows overwrite the line so far (dpkg counts up that way): only the last state counts. */
const lastState = (line: string): string => {
  const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
  return whole.slice(whole.lastIndexOf('\r') + 1);
};

/** One of the two files: gathers bytes into lines, and knows the offset of what it has not given out yet. */
export class LineGatherer {
  private rest = new Uint8Array(0);
  private offset: number | undefined;

  /** Bytes at `offset`; undefined when nothing is complete yet. A gap or repetition in offsets starts afresh. */
  add(bytes: Uint8Array, offset: number): { text: string; offset: number } | undefined {
    if (this.offset === undefined || this.offset + this.rest.length !== offset) {
      this.offset = offset;
      this.rest = new Uint8Array(0);
    }
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    let end = all.lastIndexOf(NEWLINE) + 1;
    if (all.length - end > MAX_LINE) end = wholeCharacters(all);
    return this.give(all, end);
  }

  /** What is left, whole or not. */
  flush(): { text: string; offset: number } | undefined {
    return this.give(this.rest, this.rest.length);
  }

  private give(all: Uint8Array, end: number): { text: string; offset: number } | undefined {
    this.rest = all.slice(end);
    if (end === 0 || this.offset === undefined) return undefined;
    this.offset += end;
    const text = new TextDecoder().decode(all.subarray(0, end));
    return { text: plainText(text.split('\n').map(lastState).join('\n')), offset: this.offset };
  }
}
