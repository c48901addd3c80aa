import { defineConfig } from '@playwright/test';

/** The same specs on two shells: `FROSTLINE_SHELL=electron` drives Electron where its binary is, else the browser shell in Chromium. */
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results/e2e',
  // Each spec has a host process and a demo fleet of its own; two cores carry one at a time well.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
});
