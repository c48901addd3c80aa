/** Keys made by the real ssh-keygen, signatures by it and by us, and a world of snapshots to sign. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createSigningKeys } from '../../../main/adapters/exchange/sshSign.ts';
import { sshVerifier } from '../../../main/adapters/exchange/sshVerify.ts';
import { fingerprintOf, readPublicKey } from '../../../main/core/exchange/allowedSigners.ts';
import { createSignatureService, signRevision } from '../../../main/core/exchange/service.ts';
import { fromBase64 } from '../../../main/core/exchange/sshWire.ts';
import { good, setUp } from '../snapshots/support.ts';

export const SSH_KEYGEN = 'ssh-keygen';

export const folder = mkdtempSync(join(tmpdir(), 'frostline-sign-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export type KeyPair = { file: string; publicLine: string; fingerprint: string };

export const run = (command: string, args: string[], o: { input?: string; env?: NodeJS.ProcessEnv } = {}) => {
  const done = spawnSync(command, args, {
    input: o.input ?? '',
    encoding: 'utf8',
    env: { ...process.env, ...o.env },
    timeout: 30_000,
  });
  return { code: done.status, out: `${done.stdout}`, err: `${done.stderr}` };
};

let made = 0;
export const fileOf = (text: string | Buffer, mode = 0o600): string => {
  const file = join(folder, `file-${++made}`);
  writeFileSync(file, text, { mode });
  return file;
};

/** `type` and `bits` as ssh-keygen takes them. */
export const makeKey = (
  type: string,
  o: { bits?: number; passphrase?: string; comment?: string } = {},
): KeyPair => {
  const file = join(folder, `key-${++made}`);
  const args = ['-q', '-t', type, '-N', o.passphrase ?? '', '-C', o.comment ?? 'anna@laptop', '-f', file];
  const done = run(SSH_KEYGEN, o.bits === undefined ? args : [...args, '-b', `${o.bits}`]);
  if (done.code !== 0) throw new Error(done.err);
  const publicLine = readFileSync(`${file}.pub`, 'utf8').trim();
  return { file, publicLine, fingerprint: good(readPublicKey(publicLine, sshVerifier)).fingerprint };
};

/** `printf %s ID | ssh-keygen -Y sign …` */
export const signElsewhere = (
  id: string,
  key: KeyPair,
  namespace = 'frostline',
  more: string[] = [],
): string => {
  const done = run(SSH_KEYGEN, ['-Y', 'sign', '-q', ...more, '-n', namespace, '-f', key.file], { input: id });
  if (done.code !== 0) throw new Error(done.err);
  return done.out;
};

/** `printf %s ID | ssh-keygen -Y verify …`; true: it accepts. */
export const acceptedElsewhere = (id: string, armor: string, principal: string, allowed: string): boolean =>
  run(
    SSH_KEYGEN,
    ['-Y', 'verify', '-n', 'frostline', '-I', principal, '-f', fileOf(allowed), '-s', fileOf(armor)],
    { input: id },
  ).code === 0;

export const signHere = async (
  id: string,
  file: string,
  o: { passphrase?: string; agentSocket?: string } = {},
): Promise<string> =>
  good(
    await signRevision(
      id,
      { kind: 'file', file, passphrase: o.passphrase },
      { verifier: sshVerifier, signingKeys: createSigningKeys({ agentSocket: o.agentSocket }) },
    ),
  );

export const allowedLine = (principal: string, key: KeyPair, options = ''): string =>
  `${principal} ${options === '' ? '' : `${options} `}${key.publicLine.split(' ').slice(0, 2).join(' ')}\n`;

export const fingerprintOfLine = (line: string): string =>
  fingerprintOf(fromBase64(line.split(' ')[1] ?? '') ?? new Uint8Array(), sshVerifier);

/** A console with one snapshot of two entries, and what signs and trusts in it. */
export const signingWorld = async () => {
  const world = setUp();
  const signing = createSignatureService(world.ports);
  world.addHost('web-1', { environment: 'production' });
  world.addHost('test-1', { environment: 'test' });
  good(await world.service.create({ name: 'autumn', security: false }));
  const head = good(
    await world.service.edit({
      ref: 'autumn',
      edits: [
        { kind: 'add', name: 'openssl', version: '3.0.15-1~deb12u1' },
        { kind: 'add', name: 'curl', version: '7.88.1-10' },
      ],
    }),
  ).snapshot;
  const trust = async (principal: string, key: KeyPair) =>
    good(await signing['signers.add']({ principal, publicKey: key.publicLine }));
  const sign = async (ref: string, key: KeyPair) =>
    good(await signing['signatures.sign']({ ref, with: { kind: 'file', file: key.file } }));
  return { ...world, signing, head, trust, sign };
};
export type SigningWorld = Awaited<ReturnType<typeof signingWorld>>;
