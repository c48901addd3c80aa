/** The contract's `signatures`, `signers` and `policies` groups. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import {
  SIGNATURE_NAMESPACE,
  type SignedPurpose,
  Signer,
  type SigningPolicy,
} from '../../../shared/model/signature.ts';
import type { Ports } from '../ports.ts';
import { resolveRef } from '../snapshots/resolve.ts';
import {
  readAllowedSigners,
  readPublicKey,
  readRevokedKeys,
  signedText,
  writeSigner,
} from './allowedSigners.ts';
import { judgeSignature, viewOfSignature } from './judge.ts';
import type { KeySource } from './ports.ts';
import { signedData, writeSshSignature } from './sshsig.ts';
import { countedSigners, keptSignatures, signaturesSuffice } from './suffice.ts';
import {
  type Known,
  knownSigners,
  MAX_SIGNERS,
  putKnownSigners,
  putSigningPolicies,
  type StoredSigner,
  signingPolicies,
  trustOf,
} from './trusted.ts';

/** As an exchange file carries at most. */
const MAX_SIGNATURES = 50;
const PURPOSES: readonly SignedPurpose[] = ['freeze', 'promote', 'deploy'];

type Used = Pick<Ports, 'store' | 'clock' | 'changes' | 'verifier' | 'signingKeys'>;

/** Signs a revision's id: an armored SSHSIG, SHA-512. Error: `signing.key`. */
export const signRevision = async (
  revisionId: string,
  source: KeySource,
  ports: Pick<Ports, 'verifier' | 'signingKeys'>,
): Promise<Result<string>> => {
  const key = await ports.signingKeys.open(source);
  if (!key.ok) return key;
  const hash = 'sha512';
  const digest = ports.verifier.digest(hash, signedText(revisionId));
  const signature = await key.value.sign(signedData({ namespace: SIGNATURE_NAMESPACE, hash, digest }));
  return signature.ok
    ? ok(
        writeSshSignature({
          publicKey: key.value.publicKey,
          namespace: SIGNATURE_NAMESPACE,
          hash,
          signature: signature.value,
        }),
      )
    : signature;
};

const signatureHandlers = (ports: Used) => {
  const { store, clock, changes, verifier } = ports;

  const list = (ref: string): Result<Output<'signatures.list'>> => {
    const found = resolveRef(ref, store);
    if (!found.ok) return found;
    const { id, content } = found.value.revision;
    const judged = keptSignatures(id, ports);
    return ok({
      snapshot: content.line.name,
      revision: content.number,
      id,
      signatures: judged.map(viewOfSignature),
      wanted: signingPolicies(store).flatMap((policy) =>
        PURPOSES.filter((purpose) => policy[purpose] > 0).map((purpose) => ({
          environment: policy.environment,
          purpose,
          need: policy[purpose],
          signers: countedSigners(policy, judged, content.author),
          suffices: signaturesSuffice(id, policy.environment, purpose, ports).ok,
        })),
      ),
    });
  };

  const sign = async (input: HandlerInput<'signatures.sign'>): Promise<Result<Output<'signatures.sign'>>> => {
    const found = resolveRef(input.ref, store);
    if (!found.ok) return found;
    const { id } = found.value.revision;
    const made =
      input.with.kind === 'signature'
        ? ok(input.with.armor.trim())
        : await signRevision(id, input.with, ports);
    if (!made.ok) return made;
    const at = clock.now();
    const judged = judgeSignature(made.value, {
      revisionId: id,
      trust: trustOf(knownSigners(store)),
      at,
      verifier,
    });
    const { fingerprint } = judged;
    if (!judged.sound)
      return fail('signature.invalid', `This is not a signature that can be taken: ${judged.reason ?? ''}.`, {
        hint: `It has to be over the id and nothing else: printf %s ${id} | ssh-keygen -Y sign -n ${SIGNATURE_NAMESPACE} -f KEY`,
      });
    if (judged.status === 'revoked')
      return fail('signature.revoked', `The key ${fingerprint} was revoked here; nothing is signed with it.`);
    const kept = store.signatures(id);
    if (kept.length >= MAX_SIGNATURES && !kept.some((one) => one.fingerprint === fingerprint))
      return fail('state.conflict', `A revision has at most ${MAX_SIGNATURES} signatures.`);
    store.putSignatures([
      { revisionId: id, fingerprint, armor: made.value, addedAt: new Date(at).toISOString() },
    ]);
    changes.announce({ type: 'snapshots' });
    const listed = list(id);
    return listed.ok ? ok({ ...listed.value, fingerprint, status: judged.status }) : listed;
  };

  return {
    'signatures.list': async (input: HandlerInput<'signatures.list'>) => list(input.ref),
    'signatures.sign': sign,
  };
};

/** What the window and the command line are shown. */
const viewOf = (known: Known, now: number): Pick<Output<'signers.list'>, 'signers' | 'revoked'> => {
  const revoked = trustOf(known).revoked;
  const current = ({ validAfter, validBefore }: StoredSigner): boolean =>
    (validAfter === undefined || now >= Date.parse(validAfter)) &&
    (validBefore === undefined || now < Date.parse(validBefore));
  return {
    signers: known.signers.map((signer) => ({
      ...signer,
      status: revoked.has(signer.fingerprint) ? 'revoked' : current(signer) ? 'trusted' : 'expired',
    })),
    revoked: known.revoked,
  };
};

const signerHandlers = (ports: Used) => {
  const { store, clock, changes, verifier } = ports;
  const instant = () => new Date(clock.now()).toISOString();
  const put = (known: Known): Pick<Output<'signers.list'>, 'signers' | 'revoked'> => {
    putKnownSigners(store, known);
    changes.announce({ type: 'snapshots' });
    return viewOf(known, clock.now());
  };

  /** One line per key and principals: a later one takes the place of an earlier one. */
  const withSigners = (added: readonly Signer[]): Result<Known> => {
    const known = knownSigners(store);
    const same = (a: Signer, b: Signer) =>
      a.fingerprint === b.fingerprint && a.principals.join() === b.principals.join();
    const kept = known.signers.filter((signer) => !added.some((one) => same(one, signer)));
    const signers = [...kept, ...added.map((signer) => ({ ...signer, addedAt: instant() }))];
    return signers.length > MAX_SIGNERS
      ? fail('input.too-large', `At most ${MAX_SIGNERS} signers are kept.`)
      : ok({ ...known, signers });
  };

  const add = (input: HandlerInput<'signers.add'>): Result<Output<'signers.add'>> => {
    const key = readPublicKey(input.publicKey, verifier);
    if (!key.ok)
      return fail('input.invalid', 'This is not a public key.', {
        hint: 'Give what stands in the .pub file: ssh-ed25519 AAAA…',
      });
    const signer: Signer = {
      principals: [input.principal],
      ...key.value,
      namespaces: [SIGNATURE_NAMESPACE],
      ...(input.validAfter === undefined ? {} : { validAfter: input.validAfter }),
      ...(input.validBefore === undefined ? {} : { validBefore: input.validBefore }),
    };
    const known = withSigners([signer]);
    return known.ok ? ok(put(known.value)) : known;
  };

  const importList = (input: HandlerInput<'signers.import'>): Result<Output<'signers.import'>> => {
    const read = readAllowedSigners(input.text, verifier);
    if (!read.ok) return read;
    const known = withSigners(read.value.signers);
    if (!known.ok) return known;
    return ok({ ...put(known.value), added: read.value.signers.length, skipped: read.value.skipped });
  };

  const revoke = (input: HandlerInput<'signers.revoke'>): Result<Output<'signers.revoke'>> => {
    const known = knownSigners(store);
    const named = known.signers.filter((signer) => signer.principals.includes(input.which.trim()));
    const keys =
      named.length > 0
        ? ok(named.map((signer) => signer.fingerprint))
        : readRevokedKeys(input.which, verifier);
    if (!keys.ok) return keys;
    if (keys.value.length === 0) return fail('input.invalid', 'There is no key to revoke in it.');
    const before = new Set(known.revoked.map((key) => key.fingerprint));
    const fresh = [...new Set(keys.value)]
      .filter((fingerprint) => !before.has(fingerprint))
      .map((fingerprint) => ({
        fingerprint,
        at: instant(),
        ...(input.reason === undefined || input.reason === '' ? {} : { reason: input.reason }),
      }));
    if (known.revoked.length + fresh.length > 10_000)
      return fail('input.too-large', 'At most 10000 revoked keys are kept.');
    return ok(put({ ...known, revoked: [...known.revoked, ...fresh] }));
  };

  const remove = (input: HandlerInput<'signers.remove'>): Result<Output<'signers.remove'>> => {
    const known = knownSigners(store);
    const meant = (signer: StoredSigner) =>
      signer.fingerprint === input.signer || signer.principals.includes(input.signer);
    if (!known.signers.some(meant)) return fail('not-found', `There is no signer ${input.signer}.`);
    return ok(put({ ...known, signers: known.signers.filter((signer) => !meant(signer)) }));
  };

  return {
    'signers.list': async (_input: HandlerInput<'signers.list'>): Promise<Result<Output<'signers.list'>>> => {
      const known = knownSigners(store);
      // Such a file cannot say that a key was revoked: whoever reads it would trust it.
      const revoked = new Set(known.revoked.map((key) => key.fingerprint));
      const text = known.signers
        .filter((signer) => !revoked.has(signer.fingerprint))
        .map((signer) => `${writeSigner(Signer.parse(signer))}\n`)
        .join('');
      return ok({ ...viewOf(known, clock.now()), text });
    },
    'signers.add': async (input: HandlerInput<'signers.add'>) => add(input),
    'signers.import': async (input: HandlerInput<'signers.import'>) => importList(input),
    'signers.revoke': async (input: HandlerInput<'signers.revoke'>) => revoke(input),
    'signers.remove': async (input: HandlerInput<'signers.remove'>) => remove(input),
  };
};

const policyHandlers = ({ store, changes }: Used) => ({
  'policies.list': async (_input: HandlerInput<'policies.list'>) => ok({ policies: signingPolicies(store) }),
  'policies.set': async (input: HandlerInput<'policies.set'>): Promise<Result<Output<'policies.set'>>> => {
    const needs = PURPOSES.map((purpose) => input[purpose]);
    const who = [...new Set(input.signers)];
    if (who.length > 0 && Math.max(...needs) > who.length)
      return fail(
        'input.invalid',
        `${Math.max(...needs)} signatures are wanted, and only ${who.length} may sign: nothing could be done in ${input.environment} any more.`,
      );
    const others = signingPolicies(store).filter(
      (policy) => policy.environment.toLowerCase() !== input.environment.toLowerCase(),
    );
    const strict = input.requirePromotion === true || input.requireEvidence === true;
    const wanted: SigningPolicy[] =
      needs.some((need) => need > 0) || strict ? [{ ...input, signers: who }] : [];
    putSigningPolicies(store, [...others, ...wanted]);
    changes.announce({ type: 'snapshots' });
    return ok({ policies: signingPolicies(store) });
  },
});

export type SignatureService = ReturnType<typeof createSignatureService>;

export const createSignatureService = (ports: Used) => ({
  ...signatureHandlers(ports),
  ...signerHandlers(ports),
  ...policyHandlers(ports),
});
