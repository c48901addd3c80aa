/** How every shell reaches the host process of a data folder: attach to the one that runs, else start one. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { err, FrostError, frostError, ok, type Result } from '../../../shared/errors.ts';
import { systemWords } from '../../adapters/fileWords.ts';
import type { Channel } from '../../adapters/rpc/channel.ts';
import { type ChannelClient, createClient } from '../../adapters/rpc/client.ts';
import { connectLocal } from '../../adapters/rpc/socket.ts';
import { BUILD } from '../version.ts';
import { prepareFolder, readPresence } from './folder.ts';

const START_TIMEOUT_MS = 60_000;
const RETRY_MS = 50;

export type Attached = { channel: Channel; token: string; build: string };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A connected channel that has not said hello yet, for shells that only carry frames. */
export const attachChannel = async (dataDir: string): Promise<Result<Attached>> => {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const presence = readPresence(dataDir);
    if (presence !== null) {
      const connected = await connectLocal(presence.socket);
      if (connected.ok) return ok({ channel: connected.value, token: presence.token, build: presence.build });
    }
    const started = await startProcess(dataDir);
    // Another starter may have been quicker; then its process is the one to attach to.
    if (!started.ok && started.error.code !== 'store.busy') return started;
    if (Date.now() > giveUpAt) {
      return started.ok
        ? err(frostError('process.unavailable', 'The host process started but does not answer.'))
        : started;
    }
    if (!started.ok) await pause(RETRY_MS);
  }
};

export const attach = async (
  dataDir: string,
  actor: string,
  warn: (text: string) => void = () => {},
): Promise<Result<ChannelClient>> => {
  const attached = await attachChannel(dataDir);
  if (!attached.ok) return attached;
  if (attached.value.build !== BUILD) {
    warn(
      'The host process that runs is of another build of Frostline; it is replaced when it next has nothing to do.',
    );
  }
  return ok(createClient(attached.value.channel, { actor, token: attached.value.token }));
};

const Told = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true) }),
  z.object({ ready: z.literal(false), error: FrostError }),
]);

/** Program file of the host process, beside this bundle. */
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'host.js');

const startProcess = (dataDir: string): Promise<Result<void>> => {
  const folder = prepareFolder(dataDir);
  if (!folder.ok) return Promise.resolve(folder);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, dataDir], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      windowsHide: true,
    });
    const settle = (result: Result<void>) => {
      child.removeAllListeners();
      if (child.connected) child.disconnect();
      child.unref();
      resolve(result);
    };
    child.once('message', (message) => {
      const told = Told.safeParse(message);
      if (!told.success)
        settle(err(frostError('process.unavailable', 'The host process answered with something unknown.')));
      else settle(told.data.ready ? ok(undefined) : err(told.data.error));
    });
    child.once('error', (error) =>
      settle(
        err(
          frostError('process.unavailable', `The host process could not be started: ${systemWords(error)}.`),
        ),
      ),
    );
    child.once('exit', (code) =>
      settle(
        err(
          frostError(
            'process.unavailable',
            `The host process ended at its start (exit code ${code ?? 'none'}).`,
            {
              hint: `Its log is ${join(dataDir, 'frostline.log')}.`,
            },
          ),
        ),
      ),
    );
  });
};
