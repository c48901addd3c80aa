/** A vault for tests: everything in memory, and unlocked unless told otherwise. */

import type { SecretName, Vault } from '../../main/core/ports.ts';
import { fail, ok } from '../../shared/errors.ts';

export type MemoryVault = Vault & { secrets: Map<SecretName, string> };

export const createMemoryVault = (o: { locked?: boolean; kind?: Vault['kind'] } = {}): MemoryVault => {
  const secrets = new Map<SecretName, string>();
  let isLocked = o.locked === true;
  const locked = () => fail('vault.locked', 'The vault is locked.');
  return {
    secrets,
    kind: o.kind ?? 'passphrase',
    state: () => (isLocked ? 'locked' : 'unlocked'),
    async unlock() {
      isLocked = false;
      return ok(undefined);
    },
    lock() {
      isLocked = true;
    },
    async get(name) {
      return isLocked ? locked() : ok(secrets.get(name));
    },
    async put(name, secret) {
      if (isLocked) return locked();
      secrets.set(name, secret);
      return ok(undefined);
    },
    async remove(name) {
      secrets.delete(name);
      return ok(undefined);
    },
  };
};
