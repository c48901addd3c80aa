/** Signing with the caller's own key: a text, or a revision. */
import type { KeySource } from '../../core/exchange/ports.ts';
import { type Context, unwrap } from './context.ts';
import { readSecret } from './files.ts';

/**
 * Signed in this process: the key's path, its passphrase and the agent are the caller's, not the host process's. What signs is
 * loaded when it is wanted, since every command would wait for it otherwise. Gives the armoured signature.
 */
export const signHere = async (text: string, source: KeySource): Promise<string> => {
  const [{ signRevision }, { createSigningKeys }, { sshVerifier }] = await Promise.all([
    import('../../core/exchange/service.ts'),
    import('../../adapters/exchange/sshSign.ts'),
    import('../../adapters/exchange/sshVerify.ts'),
  ]);
  const signingKeys = createSigningKeys({ agentSocket: process.env.SSH_AUTH_SOCK });
  return unwrap(await signRevision(text, source, { verifier: sshVerifier, signingKeys }));
};

export type KeyOptions = { keyPassphraseFile?: string };

/** Signs a revision, and keeps the signature beside it. */
export const signSnapshot = async (
  context: Context,
  ref: string,
  source: { key: string } | { agent: true; fingerprint?: string },
  o: KeyOptions,
) => {
  const client = await context.client();
  const { id } = unwrap(await client.call('signatures.list', { ref }));
  const armor = await signHere(
    id,
    'key' in source
      ? {
          kind: 'file',
          file: source.key,
          ...(o.keyPassphraseFile === undefined ? {} : { passphrase: readSecret(o.keyPassphraseFile) }),
        }
      : { kind: 'agent', fingerprint: source.fingerprint },
  );
  return unwrap(await client.call('signatures.sign', { ref: id, with: { kind: 'signature', armor } }));
};
