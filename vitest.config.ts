import { defineConfig } from 'vitest/config';

/**
 * Projects run one after another (`test/run.mjs` names them): unit and conformance need nothing but Node; lab needs root.
 * Each file of the lab has a fleet of its own, on addresses of its own. Most of them wait for hosts: two at a time use a machine
 * of two processors well, and more would only make hosts late.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/conformance/**/*.test.ts', 'test/security/**/*.test.ts'],
          // Many tests start processes, beside a lab that takes both processors.
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 420_000,
        },
      },
    ],
  },
});
