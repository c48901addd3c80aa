/** Signing with the caller's own key. */
import type { KeySource } from '../../core/exchange/ports.ts';
import { unwrap } from './context.ts';

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
