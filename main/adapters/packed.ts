/** How a file is packed, by its first bytes: gzip (RFC 1952, 2.3.1) or Zstandard (RFC 8878, 3.1.1). */
export const begins = (bytes: Uint8Array, ...start: number[]): boolean =>
  start.every((byte, index) => bytes[index] === byte);

/** Undefined: neither. */
export const packingOf = (head: Uint8Array): 'gzip' | 'zstd' | undefined => {
  if (begins(head, 0x1f, 0x8b)) return 'gzip';
  return begins(head, 0x28, 0xb5, 0x2f, 0xfd) ? 'zstd' : undefined;
};
