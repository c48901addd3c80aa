/** Signing with the admin's own SSH key: a key file, or an agent. Neither key nor passphrase is kept. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { fingerprintOf } from '../../core/exchange/allowedSigners.ts';
import type { KeySource, SigningKey, SigningKeys } from '../../core/exchange/ports.ts';
import { joinBytes, wireString } from '../../core/exchange/sshWire.ts';
import { clean, codeOf } from '../ssh/words.ts';
import { agentKeys, agentSign } from './agentClient.ts';
import { sshVerifier } from './sshVerify.ts';

const MAX_KEY_BYTES = 256 * 1024;
const AGENT_HINT = 'Keys on a security device, and certificates, work through an agent or with --signature.';

const bad = (message: string, hint?: string): Result<never> =>
  fail('signing.key', message, hint === undefined ? {} : { hint });

/** A positive mpint (RFC 4251 §5). */
const mpint = (bytes: Uint8Array): Uint8Array => {
  const from = bytes.findIndex((byte) => byte !== 0);
  const short = from < 0 ? new Uint8Array(0) : bytes.subarray(from);
  return wireString((short[0] ?? 0) >= 0x80 ? joinBytes(Uint8Array.of(0), short) : short);
};

const EC_HASHES: Readonly<Record<string, string>> = {
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
};

const signWith = (type: string, key: KeyObject, data: Uint8Array): Uint8Array | undefined => {
  if (type === 'ssh-ed25519') return joinBytes(wireString(type), wireString(sign(null, data, key)));
  if (type === 'ssh-rsa') return joinBytes(wireString('rsa-sha2-512'), wireString(sign('sha512', data, key)));
  const hash = EC_HASHES[type];
  if (hash === undefined) return undefined;
  const pair = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  const half = pair.length / 2;
  return joinBytes(
    wireString(type),
    wireString(joinBytes(mpint(pair.subarray(0, half)), mpint(pair.subarray(half)))),
  );
};

const signingKey = (parsed: ParsedKey, file: string): Result<SigningKey> => {
  const publicKey = Uint8Array.from(parsed.getPublicSSH());
  const bits = createPrivateKey(parsed.getPrivatePEM());
  if (parsed.type === 'ssh-rsa' && (bits.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    return bad(
      `The key ${file} is RSA with less than 2048 bits, which nobody should trust.`,
      'Use an Ed25519 key.',
    );
  if (parsed.type !== 'ssh-ed25519' && parsed.type !== 'ssh-rsa' && EC_HASHES[parsed.type] === undefined)
    return bad(
      `The key ${file} is of a kind (${clean(parsed.type, 60)}) that is not signed with.`,
      AGENT_HINT,
    );
  return ok({
    publicKey,
    sign: async (data) => {
      const made = signWith(parsed.type, bits, data);
      return made === undefined ? bad(`The key ${file} cannot sign.`) : ok(made);
    },
  });
};

const readKeyFile = async (given: string): Promise<Result<{ file: string; data: Buffer }>> => {
  const file = given.startsWith('~/') ? join(homedir(), given.slice(2)) : resolve(given);
  try {
    const info = await stat(file);
    if (!info.isFile()) return bad(`The key file ${file} is not a file.`);
    if (info.size > MAX_KEY_BYTES) return bad(`The key file ${file} is too large to be a key.`);
    return ok({ file, data: await readFile(file) });
  } catch (error) {
    const code = codeOf(error);
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : 'cannot be read by this account';
    return bad(`The key file ${file} ${why}.`);
  }
};

const parse = (data: Buffer, passphrase: string | undefined): ParsedKey | Error => {
  try {
    const parsed = ssh2.utils.parseKey(data, passphrase);
    // The parser returns a list for OpenSSH's newer format in some versions, whatever its types say.
    return (Array.isArray(parsed) ? parsed[0] : parsed) ?? new Error('it holds no key');
  } catch (error) {
    return error instanceof Error ? error : new Error('it cannot be parsed');
  }
};

const isEncrypted = (error: Error): boolean =>
  /encrypted/i.test(error.message) && /passphrase/i.test(error.message);

const agentKey = (socket: string, publicKey: Uint8Array): SigningKey => ({
  publicKey,
  sign: async (data) => {
    try {
      return ok(await agentSign(socket, publicKey, data));
    } catch (error) {
      return bad(
        `The SSH agent did not sign: ${clean(error instanceof Error ? error.message : String(error), 200)}.`,
      );
    }
  },
});

const openAgent = async (
  socket: string | undefined,
  wanted: string | undefined,
): Promise<Result<SigningKey>> => {
  if (socket === undefined || socket === '')
    return bad(
      'No SSH agent runs here (SSH_AUTH_SOCK is not set).',
      'Start an agent and load the key with ssh-add, or give the key file.',
    );
  try {
    const keys = (await agentKeys(socket)).map((key) => ({
      ...key,
      fingerprint: fingerprintOf(key.publicKey, sshVerifier),
    }));
    const fitting = wanted === undefined ? keys : keys.filter((key) => key.fingerprint === wanted);
    const [first, ...others] = fitting;
    const listed = keys.map((key) => `${key.fingerprint} (${clean(key.comment, 60)})`).join(', ');
    if (first === undefined)
      return wanted === undefined
        ? bad('The SSH agent holds no keys.', 'Load the key with ssh-add.')
        : bad(`The SSH agent does not hold ${wanted}.`, `It holds: ${listed || 'nothing'}.`);
    if (others.length > 0)
      return bad('The SSH agent holds more than one key.', `Say which by its fingerprint: ${listed}.`);
    return ok(agentKey(socket, first.publicKey));
  } catch (error) {
    const why = clean(error instanceof Error ? error.message : String(error), 200);
    return bad(`The SSH agent does not answer: ${why}.`, 'Start it again, or give the key file.');
  }
};

/** `agentSocket`: that of this process's environment. */
export const createSigningKeys = (o: { agentSocket: string | undefined }): SigningKeys => ({
  open: async (source: KeySource) => {
    if (source.kind === 'agent') return openAgent(o.agentSocket, source.fingerprint);
    const read = await readKeyFile(source.file);
    if (!read.ok) return read;
    const { file, data } = read.value;
    const plain = parse(data, undefined);
    const parsed =
      plain instanceof Error && isEncrypted(plain) && source.passphrase !== undefined
        ? parse(data, source.passphrase)
        : plain;
    if (parsed instanceof Error) {
      if (isEncrypted(parsed) && source.passphrase === undefined)
        return bad(`The key file ${file} is encrypted.`, 'Give its passphrase, or use an agent.');
      return source.passphrase !== undefined && plain instanceof Error && isEncrypted(plain)
        ? bad(`The passphrase does not open the key file ${file}.`)
        : bad(`The key file ${file} is not a key Frostline can use: ${clean(parsed.message)}.`, AGENT_HINT);
    }
    // As ssh-keygen does with a .pub file: the agent has the private half.
    return parsed.isPrivateKey()
      ? signingKey(parsed, file)
      : openAgent(o.agentSocket, fingerprintOf(Uint8Array.from(parsed.getPublicSSH()), sshVerifier));
  },
});
