import { defineConfig } from 'vitest/config';

/**
 * Projects are named by `test/run.mjs`: unit and conformance need nothing but Node; lab needs root.
 * Each file of the lab has a fleet of its own, on addresses of its own. Most of them wait for hosts: two at a time use a machine
 * of two processors well, and more would only make hosts late.
 */
const UNIT = ['test/unit/**/*.test.ts', 'test/conformance/**/*.test.ts', 'test/security/**/*.test.ts'];
/** They put something in a module's place, which must not be there already, or share a module that has a folder for one file. */
const ALONE = [
  'test/unit/vault/passphrase.test.ts',
  'test/unit/preload/bridge.test.ts',
  'test/unit/exchange/*.test.ts',
  'test/unit/bundles/sign.test.ts',
  'test/unit/runs/signedRuns.test.ts',
  'test/security/exchangeFiles.test.ts',
];
/** Many of them start processes, beside a lab that takes both processors. */
const unit = { testTimeout: 90_000, hookTimeout: 90_000, maxWorkers: 2 };

export default defineConfig({
  test: {
    projects: [
      // One process takes many files: to read the same modules again for each costs as much as half of the tests do.
      { test: { name: 'unit', include: UNIT, exclude: ALONE, isolate: false, ...unit } },
      { test: { name: 'unit-alone', include: ALONE, ...unit } },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 420_000,
        },
      },
    ],
  },
});
