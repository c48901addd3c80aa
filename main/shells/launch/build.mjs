/** Builds the three outputs: dist/main (Node), dist/preload (Electron's sandboxed preload) and dist/renderer. Run with Node >= 22. */
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { buildId } from './toolchain.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const at = (...parts) => join(root, ...parts);

const common = { configFile: false, root, logLevel: 'warn', publicDir: false };

rmSync(at('dist', 'main'), { recursive: true, force: true });
await build({
  ...common,
  define: { __FROSTLINE_BUILD__: JSON.stringify(buildId()) },
  // Bundled, so that a command starts in a tenth of a second; what has native parts stays outside.
  ssr: { noExternal: true, external: ['better-sqlite3', 'ssh2', 'electron'] },
  build: {
    ssr: true,
    target: 'node22',
    outDir: at('dist', 'main'),
    emptyOutDir: true,
    minify: false,
    rollupOptions: {
      input: Object.fromEntries(
        [
          ['cli', at('main', 'shells', 'cli', 'main.ts')],
          ['host', at('main', 'shells', 'process', 'main.ts')],
          ['demo', at('main', 'adapters', 'demo', 'main.ts')],
          ['electron', at('main', 'shells', 'electron', 'main.ts')],
        ].filter(([, file]) => existsSync(file)),
      ),
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunk-[name]-[hash].js', format: 'es' },
    },
  },
});

if (existsSync(at('preload', 'index.ts'))) {
  await build({
    ...common,
    ssr: { noExternal: true, external: ['electron'] },
    build: {
      ssr: true,
      target: 'chrome140',
      outDir: at('dist', 'preload'),
      emptyOutDir: true,
      minify: false,
      // A sandboxed preload script must be CommonJS.
      rollupOptions: {
        input: at('preload', 'index.ts'),
        output: { entryFileNames: 'index.cjs', format: 'cjs' },
      },
    },
  });
}

if (existsSync(at('vite.config.ts')))
  await build({ root: at('renderer'), configFile: at('vite.config.ts'), logLevel: 'warn' });
