/** Bundles for tests of the window: what was asked for is remembered, and what is made is always the same. */
import type { Handlers } from '../../../shared/contract/contract.ts';
import { fail, ok } from '../../../shared/errors.ts';

const HASH = 'a'.repeat(64);

export const mockBundles = (): Pick<Handlers, Extract<keyof Handlers, `bundles.${string}`>> => {
  const made: { path: string; bytes: number; modifiedAt: string }[] = [];
  return {
    'bundles.list': () => ok({ folder: '/home/anna/frostline/bundles', bundles: made }),
    'bundles.make': ({ ref, file }) => {
      const path = file ?? `/home/anna/frostline/bundles/${ref.replace(/[@ :]/g, '-')}.frost.tar`;
      made.unshift({ path, bytes: 4_200_000, modifiedAt: '2026-11-23T14:00:00.000Z' });
      const one = {
        ecosystem: 'apt',
        name: 'openssl',
        arch: 'amd64',
        bytes: 2_000_000,
        carried: true,
        via: 'host',
      } as const;
      return ok({
        file: path,
        bytes: 4_200_000,
        id: HASH,
        packages: [
          { ...one, version: '3.0.15-1', sha256: HASH, role: 'new' },
          { ...one, version: '3.0.14-1', sha256: 'b'.repeat(64), role: 'rollback' },
        ],
        origins: [],
        notDirect: [],
        advisories: 0,
        advisoriesLeftOut: 0,
        metadata: { repositories: [], vouched: 0, notVouched: [], leftOut: [] },
        missing: [],
        silent: [],
      });
    },
    'bundles.sign': ({ file }) => fail('input.invalid', `${file} is not there.`),
    'bundles.verify': ({ file }) => fail('input.invalid', `${file} is not there.`),
    'bundles.import': ({ file }) => fail('input.invalid', `${file} is not there.`),
  };
};
