import { defineConfig } from 'vitest/config';

/**
 * Projects run one after another (`test/run.mjs` names them): unit and conformance need nothing but Node; lab needs root.
 * Lab tests share one machine's loopback and mounts, so their files run one at a time.
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
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 420_000,
        },
      },
    ],
  },
});
