/**
 * Asks an SSH agent (draft-ietf-sshm-ssh-agent) for its keys and for a signature. Spoken directly, not through ssh2's agent
 * class: that hides the kind of a signature, and leaves out keys it cannot parse (security keys).
 */
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { joinBytes, uint32, WireReader, wireString } from '../../core/exchange/sshWire.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
/** RSA: SHA-512, never the SHA-1 that is the default. Other keys do not look at it. */
const RSA_SHA2_512 = 4;
const MAX_ANSWER_BYTES = 256 * 1024;
/** A person may have to touch a key or type its passphrase. */
const TIMEOUT_MS = 60_000;

export type AgentKey = { publicKey: Uint8Array; comment: string };

const openStream = (socket: string): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const agent = ssh2.createAgent(socket);
    if (agent.getStream === undefined) return reject(new Error('this agent cannot be asked'));
    agent.getStream((error, stream) => {
      if (error || stream === undefined) reject(error ?? new Error('it does not answer'));
      else resolve(stream as Duplex);
    });
  });

/** One request, one answer; throws where there is none. */
const ask = async (socket: string, request: Uint8Array): Promise<Uint8Array> => {
  const stream = await openStream(socket);
  return new Promise<Uint8Array>((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const timer = setTimeout(() => end(new Error('it does not answer')), TIMEOUT_MS);
    const end = (result: Error | Uint8Array): void => {
      clearTimeout(timer);
      stream.destroy();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    stream.on('data', (piece: Buffer) => {
      answer = Buffer.concat([answer, piece]);
      const length = answer.length < 4 ? undefined : answer.readUInt32BE(0);
      if (length === undefined) return;
      if (length > MAX_ANSWER_BYTES) end(new Error('its answer is too large'));
      else if (answer.length >= 4 + length) end(answer.subarray(4, 4 + length));
    });
    stream.on('error', (error: Error) => end(error));
    stream.on('close', () => end(new Error('it closed the connection')));
    stream.write(joinBytes(uint32(request.length), request));
  });
};

export const agentKeys = async (socket: string): Promise<AgentKey[]> => {
  const reader = new WireReader(await ask(socket, Uint8Array.of(REQUEST_IDENTITIES)));
  if (reader.take(1)?.[0] !== IDENTITIES_ANSWER) throw new Error('it does not list its keys');
  const keys: AgentKey[] = [];
  for (let left = Math.min(reader.uint32() ?? 0, 2000); left > 0; left -= 1) {
    const publicKey = reader.string();
    const comment = reader.string();
    if (publicKey === undefined || comment === undefined) throw new Error('its list of keys is cut');
    keys.push({ publicKey, comment: new TextDecoder().decode(comment) });
  }
  return keys;
};

/** The SSH signature: type, then what belongs to it. */
export const agentSign = async (
  socket: string,
  publicKey: Uint8Array,
  data: Uint8Array,
): Promise<Uint8Array> => {
  const request = joinBytes(
    Uint8Array.of(SIGN_REQUEST),
    wireString(publicKey),
    wireString(data),
    uint32(RSA_SHA2_512),
  );
  const reader = new WireReader(await ask(socket, request));
  const signature = reader.take(1)?.[0] === SIGN_RESPONSE ? reader.string() : undefined;
  if (signature === undefined) throw new Error('it refuses to sign');
  return signature;
};
