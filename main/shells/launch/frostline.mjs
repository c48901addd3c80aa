#!/usr/bin/env node
/** `npm run -s frostline -- …` in a checkout: prepares it, then becomes the command line under a Node that can run it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { COMPILED, ensureBuild, ensurePackages, nodePath, orExplain, ROOT } from './toolchain.mjs';

orExplain(() => {
  ensurePackages();
  ensureBuild();
});

const child = spawn(nodePath(), [join(ROOT, 'dist', 'main', 'cli.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { NODE_COMPILE_CACHE: COMPILED, ...process.env },
});
// The terminal sends Ctrl-C to both; the child decides what it means and how it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 130;
});
