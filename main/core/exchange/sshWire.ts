/** The data types of the SSH protocol (RFC 4251 §5) and base64, over plain bytes. Reading gives undefined where the bytes end too early. */

export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(count: number): Uint8Array | undefined {
    if (count > this.#bytes.length - this.#at) return undefined;
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  uint32(): number | undefined {
    const four = this.take(4);
    return four && new DataView(four.buffer, four.byteOffset, 4).getUint32(0);
  }

  string(): Uint8Array | undefined {
    const length = this.uint32();
    return length === undefined ? undefined : this.take(length);
  }

  /** A string that holds printable ASCII only: names of algorithms, types and namespaces. */
  name(): string | undefined {
    const bytes = this.string();
    return bytes && asciiOf(bytes);
  }
}

export const asciiOf = (bytes: Uint8Array): string | undefined =>
  bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)
    ? String.fromCharCode(...bytes.subarray(0, 4096))
    : undefined;

export const ascii = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

export const joinBytes = (...pieces: Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

export const uint32 = (value: number): Uint8Array => {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setUint32(0, value);
  return four;
};

export const wireString = (value: Uint8Array | string): Uint8Array => {
  const bytes = typeof value === 'string' ? ascii(value) : value;
  return joinBytes(uint32(bytes.length), bytes);
};

export const toBase64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
};

/** Strict: the standard alphabet, padded, no white space. */
export const fromBase64 = (text: string): Uint8Array | undefined =>
  text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? ascii(atob(text)) : undefined;

/** The name a public key blob begins with. */
export const keyTypeOf = (publicKey: Uint8Array): string | undefined => new WireReader(publicKey).name();
