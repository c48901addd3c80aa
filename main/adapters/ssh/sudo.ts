/**
 * The fixed command lines that start a shell on the host, and what sudo's words mean.
 *
 * A command line holds nothing of the script and no secret, works as it stands in sh, bash, csh and fish, and holds two
 * marks in a form that differs from what is printed, so that a shell that echoes its commands cannot pretend to be ready:
 * - ready: `echo MARK` prints MARK and a newline, the command line has it before a `;` or a space only;
 * - prompt: sudo turns `%%` into `%`.
 */
import { createHash } from 'node:crypto';
import { type FrostError, frostError } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { clean } from './words.ts';

export type Elevation = 'none' | 'nopasswd' | 'password';

export const elevationOf = (host: Host, root: boolean): Elevation | 'impossible' => {
  if (!root || host.user === 'root') return 'none';
  return host.sudo === 'none' ? 'impossible' : host.sudo;
};

/** Printed on both streams when the shell is about to read the script; a newline follows. */
export const readyMark = (nonce: string): string => `${nonce}-ready`;

export const commandLine = (elevation: Elevation, nonce: string): string => {
  const shell = `/bin/sh -c 'echo ${readyMark(nonce)} >&2; echo ${readyMark(nonce)}; exec /bin/sh -s'`;
  switch (elevation) {
    case 'none':
      return `exec ${shell}`;
    case 'nopasswd':
      return `exec env LC_ALL=C sudo -n -- ${shell}`;
    case 'password':
      return `exec env LC_ALL=C sudo -S -p ${nonce}%%${nonce} -- ${shell}`;
  }
};

/** How often sudo has asked so far. sudo-rs prints its own frame and leaves `%%` alone. */
export const promptsIn = (stderr: string, nonce: string): number => {
  const plain = stderr.split(`${nonce}%${nonce}`).length - 1;
  const framed = stderr.split(`[sudo: ${nonce}%%${nonce}]`).length - 1;
  return plain + framed;
};

/**
 * The shell reads the whole script before it runs any of it: a script cut off by a lost connection does nothing, and a
 * program in it cannot swallow the lines that follow.
 */
export const wrapScript = (script: string): string => `{ :\n${script}\n} </dev/null\n`;

/** Remembers a refused password without keeping it. */
export const passwordDigest = (password: string): string =>
  createHash('sha256').update(password).digest('hex');

const LECTURE =
  /usual lecture|local System|boils down to|#\d\)|security reasons, the password|unable to resolve host|^\s*$/i;

/** sudo's own sentence out of whatever else stands on stderr. */
export const sudoWords = (stderr: string, nonce: string): string => {
  const lines = stderr
    .replaceAll(`${nonce}%${nonce}`, '\n')
    .replace(/\[sudo: [0-9a-z%-]+\] Password: ?/g, '\n')
    .split('\n')
    .map((line) => clean(line.replaceAll(nonce, '…')))
    .filter((line) => !LECTURE.test(line));
  const own = lines.filter((line) => /^sudo|sudoers|^sorry|^env:|^account|password/i.test(line));
  return clean((own.length > 0 ? own : lines).slice(-3).join(' '), 300);
};

const named = (host: Host, hint?: string) => ({ host: host.name, ...(hint === undefined ? {} : { hint }) });

export const noRoot = (host: Host): FrostError =>
  frostError('host.no-root', `This needs root on ${host.name}, and ${host.user} may not become root there.`, {
    ...named(host, 'Set how sudo works on this host (passwordless or with a password), or log in as root.'),
  });

export const noSudoPassword = (host: Host): FrostError =>
  frostError('host.sudo-password', `sudo on ${host.name} wants a password and none is stored.`, {
    ...named(host, 'Store the sudo password with the host.'),
  });

export const wrongSudoPassword = (host: Host): FrostError =>
  frostError(
    'host.sudo-password',
    `sudo on ${host.name} does not accept the stored password of ${host.user}.`,
    {
      ...named(host, 'Store the right sudo password with the host. It was sent once and not tried again.'),
    },
  );

const asksTooMuch = (host: Host, words: string): FrostError =>
  frostError(
    'host.sudo-refused',
    `sudo on ${host.name} waits for something Frostline cannot give${words === '' ? '.' : `: “${words}”`}`,
    named(host),
  );

/** No shell came up although sudo was asked for one; `silent`: it still runs, waiting for something. */
export const sudoFailure = (
  host: Host,
  elevation: Elevation,
  stderr: string,
  nonce: string,
  silent: boolean,
): FrostError => {
  const words = sudoWords(stderr, nonce);
  if (silent) return asksTooMuch(host, words);
  if (/incorrect (password|authentication) attempt|sorry, try again|authentication failed/i.test(stderr))
    return wrongSudoPassword(host);
  if (/a password is required|interactive authentication is required|no password was provided/i.test(stderr))
    return elevation === 'nopasswd'
      ? frostError('host.sudo-password', `sudo on ${host.name} wants a password from ${host.user}.`, {
          ...named(
            host,
            'Set sudo of this host to “with password” and store it, or allow it NOPASSWD in sudoers.',
          ),
        })
      : noSudoPassword(host);
  if (/env: .*sudo.*no such file|sudo: (command )?not found/i.test(stderr))
    return frostError('host.sudo-refused', `sudo is not installed on ${host.name}.`, {
      ...named(host, 'Install sudo there, or log in as root.'),
    });
  return frostError(
    'host.sudo-refused',
    `sudo on ${host.name} refuses ${host.user}${words === '' ? '.' : `: “${words}”`}`,
    named(
      host,
      /must have a tty/i.test(stderr)
        ? 'Take requiretty out of sudoers for this account.'
        : /expired|locked/i.test(stderr)
          ? 'Renew the account or its password on the host.'
          : `Allow ${host.user} to run /bin/sh as root in sudoers.`,
    ),
  );
};

/** No shell came up without sudo in between: the account has no usable shell, or logging in ended early. */
export const shellFailure = (host: Host, output: string): FrostError => {
  const words = clean(output, 300);
  if (/password has expired|password change required|account has expired/i.test(output))
    return frostError('host.auth-failed', `${host.name} lets ${host.user} in no further: “${words}”`, {
      ...named(host, 'Log in once by hand and renew the password or the account.'),
    });
  return frostError(
    'host.command-failed',
    `${host.name} starts no shell for ${host.user}${words === '' ? '.' : `: “${words}”`}`,
    named(host, 'The account needs a login shell that runs commands.'),
  );
};
