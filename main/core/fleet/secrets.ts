/** A host's secrets on their way to the vault: all of them arrive, or the vault is as it was. */
import { type FrostError, fail, ok, type Result } from '../../../shared/errors.ts';
import type { HostSecrets, SecretKind } from '../../../shared/model/host.ts';
import type { SecretName, Vault } from '../ports.ts';

const KINDS: SecretKind[] = ['password', 'sudoPassword', 'keyPassphrase'];

export const secretName = (hostId: string, kind: SecretKind): SecretName => `host/${hostId}/${kind}`;

/** Puts the vault back as it was before. */
export type Undo = () => Promise<void>;

/**
 * Keeps the secrets that are given and not empty. Errors: `vault.locked` (nothing was kept) and the vault's own.
 * Empty ones are for `dropSecrets`, after the host itself is stored.
 */
export const keepSecrets = async (
  vault: Vault,
  hostId: string,
  secrets: HostSecrets | undefined,
): Promise<Result<Undo>> => {
  const given = KINDS.flatMap((kind) => {
    const secret = secrets?.[kind];
    return secret === undefined || secret === '' ? [] : [{ name: secretName(hostId, kind), secret }];
  });
  if (given.length > 0 && vault.state() !== 'unlocked')
    return fail(
      'vault.locked',
      vault.state() === 'absent'
        ? 'A secret is to be kept, and there is no vault yet to keep it in.'
        : 'A secret is to be kept, and the vault is locked.',
      {
        hint: 'Open the vault with its passphrase (--passphrase-file on the command line). Nothing was stored.',
      },
    );
  const before: { name: SecretName; secret: string | undefined }[] = [];
  const undo: Undo = async () => {
    for (const { name, secret } of before.reverse())
      await (secret === undefined ? vault.remove(name) : vault.put(name, secret));
  };
  const failed = async (error: FrostError): Promise<Result<Undo>> => {
    await undo();
    return { ok: false, error };
  };
  for (const { name, secret } of given) {
    const old = await vault.get(name);
    if (!old.ok) return failed(old.error);
    before.push({ name, secret: old.value });
    const kept = await vault.put(name, secret);
    if (!kept.ok) return failed(kept.error);
  }
  return ok(undo);
};

/** Removes the named secrets, all by default. Works on a locked vault. */
export const dropSecrets = async (
  vault: Vault,
  hostId: string,
  kinds: SecretKind[] = KINDS,
): Promise<Result<void>> => {
  if (vault.state() === 'absent') return ok(undefined);
  for (const kind of kinds) {
    const removed = await vault.remove(secretName(hostId, kind));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
};

/** The secrets a change takes away: those given as empty. */
export const emptied = (secrets: HostSecrets | undefined): SecretKind[] =>
  KINDS.filter((kind) => secrets?.[kind] === '');
