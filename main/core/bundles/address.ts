/** Addresses that hosts name for package files. */

/** Undefined: not one to fetch from (another scheme such as `file:`, `cdrom:` or `mirror+http:`, or one that holds a user or password). */
export const addressOf = (text: string): URL | undefined => {
  const url = URL.parse(text);
  return url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.hostname !== ''
    ? url
    : undefined;
};
