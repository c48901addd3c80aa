import { defineConfig } from '@playwright/test';

/** The same specs on two shells: `FROSTLINE_SHELL=electron` drives Electron where its binary is, else the browser shell in Chromium. */
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results/e2e',
  // Each test has a host process and a demo fleet of its own, which together keep not quite one processor busy.
  workers: 2,
  fullyParallel: true,
  retries: 0,
  // Every step has a limit of its own (support/console.ts), so that a test ends long before this; a machine may be slow.
  timeout: 600_000,
  expect: { timeout: 40_000 },
  reporter: [['list']],
});
