/**
 * Signatures of repositories, checked by gpgv(1) of GnuPG. It gets files of fixed names in a folder of its own, and what
 * counts is what it writes on a descriptor of its own (GnuPG, doc/DETAILS), not what it prints.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { MetadataSignature } from '../../../shared/model/metadata.ts';
import type { MetadataReader } from '../../core/bundles/metadata/ports.ts';
import { armorBytes } from '../../core/bundles/metadata/signers.ts';

const PLACES = [
  '/usr/bin/gpgv',
  '/usr/local/bin/gpgv',
  '/opt/homebrew/bin/gpgv',
  'C:\\Program Files (x86)\\GnuPG\\bin\\gpgv.exe',
];
const TIMEOUT_MS = 30_000;
const MAX_STATUS_BYTES = 64 * 1024;

const ARMOR = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([\s\S]*?)-----END PGP PUBLIC KEY BLOCK-----/g;

/** gpgv reads binary keyrings only. Undefined: it is none. */
const binaryKeyring = (keyring: Uint8Array): Uint8Array | undefined => {
  const text = new TextDecoder('latin1').decode(keyring);
  const blocks = [...text.matchAll(ARMOR)].flatMap(
    ([, block = '']) => armorBytes(block.split(/\r?\n/)) ?? [],
  );
  const bytes = blocks.length > 0 ? Buffer.concat(blocks) : keyring;
  const isKeybox = text.slice(8, 12) === 'KBXf';
  return isKeybox || ((bytes[0] ?? 0) & 0x80) !== 0 ? bytes : undefined;
};

/** gpgv's status lines; undefined: it did not end in time. */
const statusOf = (program: string, args: string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: { LC_ALL: 'C' },
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let status = '';
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      status += chunk.toString('latin1');
      if (status.length > MAX_STATUS_BYTES) child.kill('SIGKILL');
    });
    child.on('error', () => resolve(undefined));
    child.on('close', (_code, signal) => resolve(signal === null ? status : undefined));
  });

/** What the status lines say, of all signatures there are: repositories sign with several keys. */
export const readStatus = (status: string): Pick<MetadataSignature, 'status' | 'keys'> => {
  const good = new Set<string>();
  const expired = new Set<string>();
  const unknown = new Set<string>();
  let bad = false;
  let last = '';
  for (const line of status.split('\n')) {
    const [mark, word = '', key = ''] = line.trim().split(' ');
    if (mark !== '[GNUPG:]') continue;
    if (word === 'NEWSIG') last = '';
    if (word === 'GOODSIG' || word === 'EXPSIG' || word === 'EXPKEYSIG') last = word;
    if (word === 'BADSIG' || word === 'REVKEYSIG') bad = true;
    if (!/^[0-9A-F]{16,64}$/.test(key)) continue;
    if (word === 'VALIDSIG' && last === 'GOODSIG') good.add(key);
    if (word === 'VALIDSIG' && last.startsWith('EXP')) expired.add(key);
    if (word === 'ERRSIG') unknown.add(key);
  }
  if (bad) return { status: 'bad', keys: [] };
  if (good.size > 0) return { status: 'good', keys: [...good] };
  if (expired.size > 0) return { status: 'expired', keys: [...expired] };
  return unknown.size > 0 ? { status: 'unknown-key', keys: [...unknown] } : { status: 'bad', keys: [] };
};

export const createGpgvSignature =
  (places: readonly string[]): MetadataReader['signature'] =>
  async ({ keyring, root, signature }): Promise<Result<Pick<MetadataSignature, 'status' | 'keys'>>> => {
    const program = places.find((place) => existsSync(place));
    if (program === undefined)
      return fail('input.invalid', 'gpgv, which checks signatures of repositories, is not on this machine.', {
        hint: 'Install it (Debian: gpgv; others: GnuPG), or leave out --keyring.',
      });
    const keys = binaryKeyring(keyring);
    if (keys === undefined)
      return fail('input.invalid', 'The keyring holds no OpenPGP keys.', {
        hint: 'Give the file that the repository is trusted by, such as /usr/share/keyrings/NAME.gpg.',
      });
    const dir = await mkdtemp(join(tmpdir(), 'frostline-gpgv-'));
    try {
      const file = async (name: string, bytes: Uint8Array): Promise<string> => {
        const path = join(dir, name);
        await writeFile(path, bytes, { mode: 0o600 });
        return path;
      };
      const ring = await file('keyring.gpg', keys);
      const signed = [
        ...(signature === undefined ? [] : [await file('signature.asc', signature)]),
        await file('root', root),
      ];
      const status = await statusOf(program, [
        '--homedir',
        dir,
        '--keyring',
        ring,
        '--status-fd',
        '3',
        ...signed,
      ]);
      return status === undefined
        ? fail('internal', 'gpgv did not end, and was ended.')
        : ok(readStatus(status));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  };

export const gpgvSignature = createGpgvSignature(PLACES);
