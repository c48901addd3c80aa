/** The signers this console trusts, the keys it has struck off, and what each environment wants signed: kept as settings. */
import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { RevokedKey, type SignedPurpose, Signer, SigningPolicy } from '../../../shared/model/signature.ts';
import type { SettingStore } from '../ports.ts';
import type { Trust } from './judge.ts';

const SIGNERS = 'signers';
const POLICIES = 'signing-policies';
export const MAX_SIGNERS = 1000;

const StoredSigner = Signer.extend({ addedAt: z.string() });
export type StoredSigner = z.infer<typeof StoredSigner>;
const Known = z.strictObject({
  signers: z.array(StoredSigner).max(MAX_SIGNERS),
  revoked: z.array(RevokedKey).max(10_000),
});
export type Known = z.infer<typeof Known>;
const Policies = z.array(SigningPolicy).max(200);

/** What decides whom to trust must not be guessed: a setting that cannot be read is damage. */
const read = <S extends z.ZodType>(
  store: SettingStore,
  key: string,
  schema: S,
  none: z.output<S>,
): z.output<S> => {
  const text = store.setting(key);
  if (text === undefined) return none;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new FrostFault(frostError('store.damaged', `What is stored as '${key}' cannot be read.`));
  }
};

export const knownSigners = (store: SettingStore): Known =>
  read(store, SIGNERS, Known, { signers: [], revoked: [] });
export const putKnownSigners = (store: SettingStore, known: Known): void =>
  store.putSetting(SIGNERS, JSON.stringify(known));

export const trustOf = (known: Known): Trust => ({
  signers: known.signers,
  revoked: new Set(known.revoked.map((key) => key.fingerprint)),
});

/** By environment. */
export const signingPolicies = (store: SettingStore): SigningPolicy[] =>
  read(store, POLICIES, Policies, []).sort((a, b) => (a.environment < b.environment ? -1 : 1));
export const putSigningPolicies = (store: SettingStore, policies: SigningPolicy[]): void =>
  store.putSetting(POLICIES, JSON.stringify(policies));

/** What an environment wants for a purpose; undefined: nothing. Environments are compared without regard to case. */
export const policyFor = (
  store: SettingStore,
  environment: string,
  purpose: SignedPurpose,
): SigningPolicy | undefined =>
  signingPolicies(store).find(
    (policy) => policy.environment.toLowerCase() === environment.toLowerCase() && policy[purpose] > 0,
  );
