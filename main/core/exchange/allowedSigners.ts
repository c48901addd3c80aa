/**
 * Allowed signers files (ssh-keygen(1), ALLOWED SIGNERS) and lists of revoked keys (KEY REVOCATION LISTS, the text form).
 * Patterns are those of ssh_config(5): `*`, `?`, `!` for "not", separated by commas.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { Fingerprint, type Signer } from '../../../shared/model/signature.ts';
import { matchesGlob } from '../fleet/glob.ts';
import type { SignatureVerifier } from './ports.ts';
import { ascii, fromBase64, keyTypeOf, toBase64 } from './sshWire.ts';

const MAX_LINES = 10_000;

export const fingerprintOf = (publicKey: Uint8Array, verifier: Pick<SignatureVerifier, 'digest'>): string =>
  `SHA256:${toBase64(verifier.digest('sha256', publicKey)).replace(/=+$/, '')}`;

/** At least one pattern matches, and none with `!` does. */
export const matchesPatterns = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => !pattern.startsWith('!') && matchesGlob(pattern, text)) &&
  !patterns.some((pattern) => pattern.startsWith('!') && matchesGlob(pattern.slice(1), text));

/** `YYYYMMDD`, `YYYYMMDDHHMM[SS]`, with `Z` for UTC, else in this machine's zone. */
const readTime = (text: string): string | undefined => {
  const found = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z)?$/i.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  // A date that rolls over (31 February) is none.
  if (
    new Date(utc).toISOString().replaceAll(/[-:T]/g, '').slice(0, 8) !== text.slice(0, 8) ||
    hour > 23 ||
    minute > 59
  )
    return undefined;
  return new Date(
    found[7] === undefined ? new Date(year, month - 1, day, hour, minute, second).getTime() : utc,
  ).toISOString();
};

/** Words of a line; quotes keep spaces, and stand alone or behind `=`. */
const wordsOf = (line: string): string[] | undefined => {
  const words: string[] = [];
  let word = '';
  let quoted = false;
  let any = false;
  for (const character of line) {
    if (character === '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && /\s/.test(character)) {
      if (any) words.push(word);
      word = '';
      any = false;
    } else {
      word += character;
      any = true;
    }
  }
  if (quoted) return undefined;
  return any ? [...words, word] : words;
};

const isKeyType = (word: string): boolean =>
  /^(ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-|rsa-sha2-)[a-z0-9@.-]+$/.test(word);

type Options = Pick<Signer, 'namespaces' | 'validAfter' | 'validBefore'>;

/** Options stand in one word, separated by commas outside of quotes. The quotes are still there. */
const readOptions = (text: string): Result<Options & { authority: boolean }> => {
  const options: Options = {};
  let authority = false;
  for (const part of text.match(/(?:[^,"]|"[^"]*")+/g) ?? []) {
    const at = part.indexOf('=');
    const name = (at < 0 ? part : part.slice(0, at)).toLowerCase();
    const value = at < 0 ? '' : part.slice(at + 1).replaceAll('"', '');
    if (name === 'cert-authority') authority = true;
    else if (name === 'namespaces' && value !== '') options.namespaces = value.split(',').slice(0, 20);
    else if (name === 'valid-after' || name === 'valid-before') {
      const time = readTime(value);
      if (time === undefined) return fail('input.invalid', `${name} is not a time: ${value.slice(0, 40)}`);
      options[name === 'valid-after' ? 'validAfter' : 'validBefore'] = time;
    } else return fail('input.invalid', `the option ${part.slice(0, 60)} is not known`);
  }
  return ok({ ...options, authority });
};

/** `type base64 [comment]`, of which the words are given. */
const readKey = (
  words: readonly string[],
  verifier: Pick<SignatureVerifier, 'digest'>,
): Result<Pick<Signer, 'keyType' | 'publicKey' | 'fingerprint' | 'comment'>> => {
  const [type = '', base64 = '', ...rest] = words;
  const blob = fromBase64(base64);
  if (!isKeyType(type) || blob === undefined || blob.length < 16 || base64.length > 8000)
    return fail('input.invalid', 'there is no public key in it');
  if (keyTypeOf(blob) !== type) return fail('input.invalid', `the key is not the ${type} it says`);
  const comment = rest
    .join(' ')
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, 300);
  return ok({
    keyType: type,
    publicKey: toBase64(blob),
    fingerprint: fingerprintOf(blob, verifier),
    ...(comment === '' ? {} : { comment }),
  });
};

/** A public key as in a `.pub` file. */
export const readPublicKey = (text: string, verifier: Pick<SignatureVerifier, 'digest'>) =>
  readKey(text.trim().split(/\s+/), verifier);

/** The first word, which may be quoted, and the rest. Options keep their quotes, hence not `wordsOf`. */
const splitFirst = (line: string): [string, string] | undefined => {
  const found = /^(?:"([^"]*)"|([^\s"]+))\s+(.*)$/.exec(line);
  return found === null ? undefined : [found[1] ?? found[2] ?? '', found[3] ?? ''];
};

const readLine = (line: string, verifier: SignatureVerifier): Result<Signer | 'authority'> => {
  const split = splitFirst(line);
  if (split === undefined) return fail('input.invalid', 'it has no key');
  const [names, rest] = split;
  const principals = names.split(',').filter((name) => name !== '');
  if (
    principals.length === 0 ||
    principals.length > 20 ||
    principals.some((name) => name.length > 255 || /\p{Cc}/u.test(name))
  )
    return fail('input.invalid', 'it does not begin with one to twenty names');
  const words = wordsOf(rest);
  if (words === undefined) return fail('input.invalid', 'a quote is not closed');
  if (isKeyType(words[0] ?? '')) {
    const key = readKey(words, verifier);
    return key.ok ? ok({ principals, ...key.value }) : key;
  }
  const raw = /^(?:[^\s"]|"[^"]*")+/.exec(rest)?.[0] ?? '';
  const options = readOptions(raw);
  if (!options.ok) return options;
  const key = readKey(words.slice(1), verifier);
  if (!key.ok) return key;
  const { authority, ...kept } = options.value;
  return ok(authority ? 'authority' : { principals, ...key.value, ...kept });
};

/**
 * `skipped`: lines with `cert-authority`, which this console does not follow. Error: `input.invalid`, naming the first line that
 * is not sound: half a list of trusted people is worse than none.
 */
export const readAllowedSigners = (
  text: string,
  verifier: SignatureVerifier,
): Result<{ signers: Signer[]; skipped: { line: number; reason: string }[] }> => {
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES)
    return fail('input.too-large', `More than ${MAX_LINES} lines of signers are not read.`);
  const signers: Signer[] = [];
  const skipped: { line: number; reason: string }[] = [];
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const read = readLine(line, verifier);
    if (!read.ok)
      return fail(
        'input.invalid',
        `Line ${index + 1} of the allowed signers is not sound: ${read.error.message}.`,
      );
    if (read.value === 'authority')
      skipped.push({
        line: index + 1,
        reason: 'cert-authority: signatures by certificates are not followed; list the keys themselves',
      });
    else signers.push(read.value);
  }
  return ok({ signers, skipped });
};

const quoted = (text: string): string => (/[\s,"]/.test(text) ? `"${text}"` : text);

/** The line ssh-keygen reads; times in UTC. */
export const writeSigner = (signer: Signer): string => {
  const time = (instant: string) => `${instant.replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
  const options = [
    ...(signer.namespaces === undefined ? [] : [`namespaces="${signer.namespaces.join(',')}"`]),
    ...(signer.validAfter === undefined ? [] : [`valid-after="${time(signer.validAfter)}"`]),
    ...(signer.validBefore === undefined ? [] : [`valid-before="${time(signer.validBefore)}"`]),
  ];
  return [
    signer.principals.map(quoted).join(','),
    ...(options.length === 0 ? [] : [options.join(',')]),
    signer.keyType,
    signer.publicKey,
    ...(signer.comment === undefined ? [] : [signer.comment]),
  ].join(' ');
};

const fingerprintIn = (line: string, verifier: SignatureVerifier): string | undefined => {
  const text = line.replace(/^(key|sha256):\s*/, '').trim();
  if (Fingerprint.safeParse(text).success) return text;
  const key = readPublicKey(text, verifier);
  return key.ok ? key.value.fingerprint : undefined;
};

/**
 * Fingerprints of revoked keys: one public key or `SHA256:` fingerprint a line, `key:` or `sha256:` before it as in a KRL
 * specification. Errors: `input.invalid`; a binary KRL is refused as such.
 */
export const readRevokedKeys = (text: string, verifier: SignatureVerifier): Result<string[]> => {
  if (text.startsWith('SSHKRL'))
    return fail('input.invalid', 'This is a binary key revocation list (KRL), which is not read.', {
      hint: 'Give the keys or their fingerprints as text, one a line.',
    });
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES)
    return fail('input.too-large', `More than ${MAX_LINES} lines of keys are not read.`);
  const found: string[] = [];
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const fingerprint = fingerprintIn(line, verifier);
    if (fingerprint === undefined)
      return fail(
        'input.invalid',
        `Line ${index + 1} of the revoked keys is neither a public key nor a SHA256 fingerprint.`,
      );
    found.push(fingerprint);
  }
  return ok([...new Set(found)]);
};

/** The text a signature is made over: the head's id, and nothing else. */
export const signedText = (revisionId: string): Uint8Array => ascii(revisionId);
