/** The signature's vectors in the documented format: a change of one without the other fails. */
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sshVerifier } from '../../../main/adapters/exchange/sshVerify.ts';
import { createSignatureService } from '../../../main/core/exchange/service.ts';
import { readSshSignature, signedData, writeSshSignature } from '../../../main/core/exchange/sshsig.ts';
import { ascii, joinBytes, wireString } from '../../../main/core/exchange/sshWire.ts';
import { good, setUp } from '../snapshots/support.ts';
import { acceptedElsewhere } from './rig.ts';

const document = readFileSync(new URL('../../../docs/snapshot-format.md', import.meta.url), 'utf8');
const block = (title: string): string => {
  const text = new RegExp(`\`\`\`text title="${title}"\n([\\s\\S]*?)\n\`\`\``).exec(document)?.[1];
  if (text === undefined) throw new Error(`the document has no ${title}`);
  return text;
};
const revisions = [...document.matchAll(/```json title="revision \d"\n([\s\S]*?)\n```/g)].map(
  ([, json = '']) => JSON.parse(json),
);
const head = /with `head` `(sha256:[0-9a-f]{64})`/.exec(document)?.[1] ?? '';
const fingerprint = block('fingerprint');
const allowedSigners = block('allowed signers');
const armor = `${block('signature')}\n`;

const fileWith = (more: object = {}): string =>
  JSON.stringify({
    format: 'frostline.exchange/1',
    head,
    revisions,
    signatures: [{ fingerprint, armor }],
    ...more,
  });

describe('the documented signature', () => {
  test('is what the documented key makes of the documented bytes', () => {
    const seed = Buffer.from(block('secret key, hex'), 'hex');
    // PKCS #8 (RFC 8410) around the 32 bytes.
    const key = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const data = signedData({
      namespace: 'frostline',
      hash: 'sha512',
      digest: sshVerifier.digest('sha512', ascii(head)),
    });
    expect(Buffer.from(data).toString('hex')).toBe(block('what the key signs, hex'));
    const { publicKey } = good(readSshSignature(armor));
    const signature = joinBytes(wireString('ssh-ed25519'), wireString(sign(null, data, key)));
    expect(writeSshSignature({ publicKey, namespace: 'frostline', hash: 'sha512', signature })).toBe(armor);
  });

  test('is accepted by ssh-keygen', () => {
    expect(acceptedElsewhere(head, armor, 'ana@example.org', `${allowedSigners}\n`)).toBe(true);
  });

  const verify = async (text: string, more: object = {}) => {
    const world = setUp();
    const answer = good(await world.service.verify({ text, allowedSigners, ...more }));
    return answer.refusal?.code ?? answer.signatures.map((one) => `${one.status} ${one.signer}`).join();
  };

  test('makes the file sound, and each change of it refused as it says', async () => {
    expect(await verify(fileWith())).toBe('trusted ana@example.org');
    const flipped = armor.replace('AAAAQNoe', 'AAAAQNof');
    expect(flipped).not.toBe(armor);
    expect(await verify(fileWith({ signatures: [{ fingerprint, armor: flipped }] }))).toBe(
      'signature.invalid',
    );
    const [first, second] = revisions;
    const before = { head: revisions[2].parents[0], revisions: [first, second] };
    expect(await verify(fileWith(before))).toBe('signature.invalid');
    expect(await verify(fileWith({ signatures: [] }))).toBe('signature.missing');
    expect(await verify(fileWith(), { revokedKeys: fingerprint })).toBe('signature.revoked');
    const key = allowedSigners.split(' ').slice(-2).join(' ');
    for (const options of ['valid-before="20200101Z"', 'namespaces="git"'])
      expect(await verify(fileWith(), { allowedSigners: `ana@example.org ${options} ${key}` })).toBe(
        'signature.untrusted',
      );
  });

  test('with the signer known here, it is taken in and kept', async () => {
    const world = setUp();
    const signing = createSignatureService(world.ports);
    good(await signing['signers.import']({ text: allowedSigners }));
    good(await world.service.import({ text: fileWith() }));
    expect(good(await signing['signatures.list']({ ref: head })).signatures).toMatchObject([
      { signer: 'ana@example.org', status: 'trusted', fingerprint },
    ]);
  });
});
