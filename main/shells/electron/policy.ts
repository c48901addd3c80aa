/** What a window may do, as pure decisions: tests attack them without Electron. */

export const APP_ORIGIN = 'app://frostline';

/** The one page there is; everything else is a navigation away and refused. */
export const isOwnAddress = (address: string): boolean => {
  try {
    const url = new URL(address);
    return url.protocol === 'app:' && url.host === 'frostline';
  } catch {
    return false;
  }
};

/** Links that may be handed to the system's browser: https, and only to places the console itself points at. */
const EXTERNAL_HOSTS = new Set([
  'security-tracker.debian.org',
  'ubuntu.com',
  'access.redhat.com',
  'nvd.nist.gov',
  'www.cve.org',
]);

export const isAllowedExternal = (address: string): boolean => {
  try {
    const url = new URL(address);
    return (
      url.protocol === 'https:' &&
      EXTERNAL_HOSTS.has(url.hostname) &&
      url.username === '' &&
      url.password === '' &&
      url.port === ''
    );
  } catch {
    return false;
  }
};

/** The file under dist/renderer an address stands for, as path segments; null: none. Nothing outside the folder can be named. */
export const assetOf = (address: string): string[] | null => {
  if (!isOwnAddress(address)) return null;
  let path: string;
  try {
    path = decodeURIComponent(new URL(address).pathname);
  } catch {
    return null;
  }
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.some((segment) => segment === '.' || segment === '..' || /[\\\0:]/.test(segment))) return null;
  const last = segments.at(-1);
  return last === undefined || !last.includes('.') ? ['index.html'] : segments;
};

/** Chromium asks before each of these; the console needs none but writing to the clipboard. */
export const isAllowedPermission = (permission: string): boolean =>
  permission === 'clipboard-sanitized-write';
