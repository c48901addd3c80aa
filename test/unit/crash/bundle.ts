/** Makes one file of a program: it is started more than a hundred times, and most of a start is reading its hundreds of sources. */
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const STORE = join(ROOT, 'main/adapters/sqlite/open.ts');
const MORTAL_STORE = join(import.meta.dirname, 'mortalStore.ts');

/** `console.mjs`, the console that dies, and `demo.mjs`, its fleet. Returns the path of the first. */
export const bundleConsole = async (folder: string): Promise<string> => {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: ['better-sqlite3', 'ssh2'] },
    plugins: [
      {
        name: 'mortal-store',
        enforce: 'pre',
        async resolveId(source, importer, options) {
          if (importer !== join(ROOT, 'main/host.ts')) return null;
          const found = await this.resolve(source, importer, { ...options, skipSelf: true });
          return found?.id === STORE ? MORTAL_STORE : null;
        },
      },
    ],
    build: {
      ssr: true,
      target: 'node22',
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rollupOptions: {
        input: {
          console: join(import.meta.dirname, 'console.child.ts'),
          demo: join(ROOT, 'main/adapters/demo/main.ts'),
        },
        output: { entryFileNames: '[name].mjs', chunkFileNames: 'chunk-[name]-[hash].mjs', format: 'es' },
      },
    },
  });
  // What has native parts stays outside, and is looked for from here upwards.
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'console.mjs');
};
