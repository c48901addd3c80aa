/** Whose signatures count here, and how many each environment wants. Signatures of a snapshot are asked for when they are shown. */
import { createStore } from 'zustand/vanilla';
import type { CallInput, Output } from '../../../shared/contract/contract.ts';
import type { SignWith } from '../../../shared/contract/signatures.ts';
import type { Result } from '../../../shared/errors.ts';
import type { SigningPolicy } from '../../../shared/model/signature.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

export type Known = Pick<Output<'signers.list'>, 'signers' | 'revoked'> & {
  policies: readonly SigningPolicy[];
};
export type KnownSigner = Known['signers'][number];
export type Signed = Output<'signatures.list'>;
type Done = Promise<Result<unknown>>;

export type SigningState = {
  known: Loadable<Known>;
  reload: () => Promise<void>;
  add: (signer: CallInput<'signers.add'>) => Done;
  importSigners: (text: string) => Promise<Result<Output<'signers.import'>>>;
  revoke: (which: string, reason: string) => Done;
  remove: (signer: string) => Done;
  setPolicy: (policy: SigningPolicy) => Done;
  signatures: (ref: string) => Promise<Result<Signed>>;
  sign: (ref: string, how: SignWith) => Promise<Result<Signed>>;
};

export const useSigning = featureStore<SigningState>(({ client, changes }) => {
  const read = coalesce(async () => {
    store.setState((state) => ({ known: refreshing(state.known) }));
    const [signers, policies] = await Promise.all([
      client.call('signers.list', {}),
      client.call('policies.list', {}),
    ]);
    const answer: Result<Known> = !signers.ok
      ? signers
      : !policies.ok
        ? policies
        : {
            ok: true,
            value: {
              signers: signers.value.signers,
              revoked: signers.value.revoked,
              policies: policies.value.policies,
            },
          };
    store.setState((state) => ({ known: loaded(answer, state.known) }));
  });
  const then = async <T>(asked: Promise<Result<T>>): Promise<Result<T>> => {
    const result = await asked;
    if (result.ok) void read();
    return result;
  };
  const store = createStore<SigningState>(() => ({
    known: loading,
    reload: () => read(),
    add: (signer) => then(client.call('signers.add', signer)),
    importSigners: (text) => then(client.call('signers.import', { text })),
    revoke: (which, reason) =>
      then(client.call('signers.revoke', { which, ...(reason === '' ? {} : { reason }) })),
    remove: (signer) => then(client.call('signers.remove', { signer })),
    setPolicy: (policy) => then(client.call('policies.set', policy)),
    signatures: (ref) => client.call('signatures.list', { ref }),
    sign: (ref, how) => client.call('signatures.sign', { ref, with: how }),
  }));
  changes.on((change) => {
    if (change.type === 'snapshots' || change.type === 'reset') void read();
  });
  void read();
  return store;
});
