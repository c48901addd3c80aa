/**
 * A million broken exchange files (`node test/bench/fuzz.ts [count] [seed]`): none may throw, and none may be accepted whose chain
 * is not what its hashes say. Prints how often each refusal was met.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { sshVerifier } from '../../main/adapters/exchange/sshVerify.ts';
import { createSignatureService } from '../../main/core/exchange/service.ts';
import { signedData, writeSshSignature } from '../../main/core/exchange/sshsig.ts';
import { ascii, joinBytes, wireString } from '../../main/core/exchange/sshWire.ts';
import type { Transport } from '../../main/core/ports.ts';
import { createSnapshotService } from '../../main/core/snapshots/service.ts';
import { FrostFault, type Result } from '../../shared/errors.ts';
import { brokenFile, chance, tryFile } from '../support/exchangeFuzz.ts';
import { createMemoryVault } from '../support/memoryVault.ts';
import { fakePorts } from '../support/ports.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);

const good = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  throw new FrostFault(result.error);
};

const transport: Transport = {
  run: () => Promise.reject(new Error('no host is asked')),
  probeKey: () => Promise.reject(new Error('no host is asked')),
  release: () => undefined,
};
const console_ = () => fakePorts({ transport, vault: createMemoryVault() });

/** A signature of the id by a fresh Ed25519 key, as ssh-keygen would make it. */
const signature = (id: string): string => {
  const pair = generateKeyPairSync('ed25519');
  const { x = '' } = pair.publicKey.export({ format: 'jwk' });
  const digest = sshVerifier.digest('sha512', ascii(id));
  const made = sign(null, signedData({ namespace: 'frostline', hash: 'sha512', digest }), pair.privateKey);
  return writeSshSignature({
    publicKey: joinBytes(wireString('ssh-ed25519'), wireString(Buffer.from(x, 'base64url'))),
    namespace: 'frostline',
    hash: 'sha512',
    signature: joinBytes(wireString('ssh-ed25519'), wireString(made)),
  });
};

const ours = console_();
const snapshots = createSnapshotService(ours);
good(await snapshots.create({ name: 'autumn', security: false }));
const add = (name: string, version: string) => ({ kind: 'add' as const, name, version });
const head = good(
  await snapshots.edit({ ref: 'autumn', edits: [add('openssl', '3.0.15'), add('curl', '7.88')] }),
).snapshot;
await createSignatureService(ours)['signatures.sign']({
  ref: 'autumn',
  with: { kind: 'signature', armor: signature(head.id) },
});
const sound = [
  good(await snapshots.export({ ref: 'autumn@1' })).text,
  good(await snapshots.export({ ref: 'autumn' })).text,
];

const theirs = console_();
const c = chance(seed);
const outcomes = new Map<string, number>();
const began = performance.now();
for (let n = 1; n <= count; n += 1) {
  const text = brokenFile(c, sound);
  const outcome = await tryFile(text, theirs);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  if (n % 100_000 === 0)
    process.stderr.write(`${n} files, ${Math.round((performance.now() - began) / 1000)} s\n`);
}
if (theirs.store.lines().length > 0) throw new Error('reading files has changed the store');
const seconds = (performance.now() - began) / 1000;
process.stdout.write(
  `${count} files in ${seconds.toFixed(0)} s, seed ${seed}; none threw, none broke the property\n`,
);
for (const [code, times] of [...outcomes].sort((a, b) => b[1] - a[1]))
  process.stdout.write(`${String(times).padStart(9)}  ${code}\n`);
