/** Turns what the network and the host say into short plain words that are safe to show. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is being removed
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g;

/** One line of printable text of at most `max` characters: no escape sequences, no control or direction characters. */
export const clean = (text: string, max = 300): string => {
  const line = text
    .slice(0, max * 20)
    .replace(ESCAPES, '')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
};

/** `address:port`, with brackets around IPv6. */
export const place = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const CAUSES: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'its network cannot be reached',
  ENETDOWN: 'the network is down',
  EHOSTDOWN: 'it is down',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EAI_NODATA: 'the name has no address',
  EADDRNOTAVAIL: 'the address cannot be used from here',
  EACCES: 'the system does not allow it',
  EPERM: 'a local firewall does not allow it',
  EMFILE: 'too many files are open here',
};

/** The `code` of a system error, or of the last of several addresses tried. */
export const codeOf = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors.at(-1));
  return undefined;
};

/** Why a socket failed, in plain words. */
export const causeOf = (error: unknown): string => {
  const code = codeOf(error);
  if (code !== undefined && Object.hasOwn(CAUSES, code)) return CAUSES[code] ?? code;
  if (error instanceof Error && error.message !== '') return clean(error.message, 200);
  return code ?? 'the reason is not known';
};
