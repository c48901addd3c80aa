import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { invalid, unwrap } from '../context.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Register } from '../register.ts';

/** Best effort: where there is no browser, the printed link is what counts. */
const openBrowser = (url: string): void => {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  const child = spawn(program ?? '', args, { stdio: 'ignore', detached: true });
  child.once('error', () => {});
  child.unref();
};

export const registerServe = (program: Command, action: Register): void => {
  program
    .command('serve')
    .description('serve the console to a browser on this machine (or through ssh -L)')
    .option('--port <n>', 'TCP port on 127.0.0.1 (default: a free one)')
    .option('--open', 'open the default browser')
    .action(
      action<{ port?: string; open?: boolean }>(async (context, _words, o) => {
        const port = o.port === undefined ? 0 : Number(o.port);
        if (!/^\d{1,5}$/.test(o.port ?? '0') || port > 65_535)
          throw invalid(`--port ${o.port} is not a port number.`);
        // Started now, so that what is wrong with the data folder is said here and not in a page.
        await context.client();
        const rendererDir = join(dirname(fileURLToPath(import.meta.url)), '..', 'renderer');
        const { serveBrowser } = await import('../../browser/server.ts');
        const shell = unwrap(await serveBrowser({ dataDir: context.dataDir, port, rendererDir }));
        context.result(
          { url: shell.url },
          () =>
            `The console is at ${shell.url}\n(The link works once; Ctrl-C ends it. Runs go on in the host process.)`,
        );
        if (o.open) openBrowser(shell.url);
        await new Promise<void>((resolve) => {
          onInterrupt(resolve);
          process.once('SIGTERM', resolve);
        });
        await shell.close();
      }),
    );
};
