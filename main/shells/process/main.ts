/**
 * The host process: one per data folder, started by whichever shell comes first, ended when nothing needs it any more.
 * It tells its starter `ready` or why not over the IPC channel, and then stands alone.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { systemRandom } from '../../adapters/platform.ts';
import { serveChannel } from '../../adapters/rpc/serve.ts';
import { listenLocal, socketPath } from '../../adapters/rpc/socket.ts';
import { startHost } from '../../host.ts';
import { BUILD, VERSION } from '../version.ts';
import { newToken, removePresence, writePresence } from './folder.ts';

/** Without callers and without work, the process waits this long: the next command finds its connections still warm. */
const LINGER_MS = 20_000;

const main = async () => {
  const dataDir = resolve(process.argv[2] ?? '');
  const host = await startHost({
    dataDir,
    version: VERSION,
    demoCommand: [process.execPath, join(dirname(fileURLToPath(import.meta.url)), 'demo.js')],
  });
  if (!host.ok) return refuse(host.error);

  const token = newToken();
  const path = socketPath(dataDir);
  let callers = 0;
  let idleSince = Date.now();
  const listening = await listenLocal(path, (channel) => {
    callers += 1;
    channel.onClose(() => {
      callers -= 1;
      idleSince = Date.now();
    });
    serveChannel(channel, {
      handlers: host.value.handlers,
      log: host.value.log,
      correlationId: () => systemRandom.id().slice(0, 8),
      token,
    });
  });
  if (!listening.ok) {
    await host.value.close();
    return refuse(listening.error);
  }
  writePresence(dataDir, { pid: process.pid, socket: path, token, build: BUILD });

  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    removePresence(dataDir);
    listening.value.close();
    await host.value.close();
    process.exit(0);
  };
  setInterval(() => {
    if (callers > 0 || host.value.busy()) idleSince = Date.now();
    else if (Date.now() - idleSince > LINGER_MS || !existsSync(dataDir)) void end();
  }, 1000);
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
  // The terminal that started it may go; runs do not.
  process.on('SIGHUP', () => {});
  process.on('uncaughtException', (error) => {
    host.value.log.write('error', 'an unexpected fault ended the host process', {
      error: String(error.stack),
    });
    process.exit(70);
  });
  tell({ ready: true });
};

const tell = (message: object) => {
  if (process.connected) process.send?.(message, () => process.disconnect());
};

const refuse = (error: object) => {
  if (!process.connected) process.exit(2);
  process.send?.({ ready: false, error }, () => process.exit(2));
};

main().catch((thrown: unknown) =>
  refuse(
    thrown instanceof FrostFault
      ? thrown.error
      : frostError(
          'internal',
          `The host process could not start: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
        ),
  ),
);
