/**
 * Frames over a local socket (a named pipe on Windows), one line each. Only the owner of the data folder can open it: the
 * folder is 0700 and the socket 0600, and a token from a 0600 file in that folder is asked for as well, for platforms
 * where a pipe has no such mode.
 */

import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { MAX_FRAME_BYTES } from '../../../shared/contract/wire.ts';
import { err, frostError, ok, type Result } from '../../../shared/errors.ts';
import { systemWords } from '../fileWords.ts';
import type { Channel } from './channel.ts';

/** sun_path holds 104 bytes on macOS and 108 on Linux (unix(7)), the closing NUL included. */
const LONGEST_PATH = 100;

/** Where the host process of a data folder listens. */
export const socketPath = (dataDir: string): string => {
  const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\frostline-${digest}`;
  const beside = join(dataDir, 'host.sock');
  return Buffer.byteLength(beside) <= LONGEST_PATH
    ? beside
    : join(tmpdir(), `frostline-${userInfo().uid}`, `${digest}.sock`);
};

export const listenLocal = (path: string, onChannel: (channel: Channel) => void): Promise<Result<Server>> => {
  if (process.platform !== 'win32') {
    const folder = prepareFolder(path);
    if (!folder.ok) return Promise.resolve(folder);
    rmSync(path, { force: true });
  }
  return new Promise((resolve) => {
    const server = createServer((socket) => onChannel(socketChannel(socket)));
    server.once('error', (error) =>
      resolve(
        err(
          frostError(
            'process.unavailable',
            `The local socket ${path} cannot be opened: ${systemWords(error)}.`,
          ),
        ),
      ),
    );
    server.listen(path, () => {
      if (process.platform !== 'win32') chmodSync(path, 0o600);
      resolve(ok(server));
    });
  });
};

/** The folder under the temporary folder is shared ground: it must be ours and closed to others. */
const prepareFolder = (path: string): Result<void> => {
  const folder = join(path, '..');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== userInfo().uid || (stat.mode & 0o077) !== 0) {
    return err(
      frostError('process.unavailable', `${folder} is not a folder that only this account can open.`, {
        hint: `Run: chmod 700 ${folder}`,
      }),
    );
  }
  return ok(undefined);
};

export const connectLocal = (path: string): Promise<Result<Channel>> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(ok(socketChannel(socket))));
    socket.once('error', (error) =>
      resolve(
        err(frostError('process.unavailable', `No host process answers at ${path}: ${systemWords(error)}.`)),
      ),
    );
  });

export const socketChannel = (socket: Socket): Channel => {
  let receive: (text: string) => void = () => {};
  let parts: Buffer[] = [];
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      const text = Buffer.concat(parts).toString('utf8');
      parts = [];
      size = 0;
      rest = rest.subarray(end + 1);
      receive(text);
    }
    if (rest.length > 0) {
      parts.push(rest);
      size += rest.length;
      if (size > MAX_FRAME_BYTES) socket.destroy();
    }
  });
  // 'close' follows and tells whoever cares.
  socket.on('error', () => {});
  return {
    send: (text) => {
      if (socket.writable) socket.write(`${text}\n`);
    },
    onFrame: (listener) => {
      receive = listener;
    },
    onClose: (closed) => {
      if (socket.destroyed) queueMicrotask(closed);
      else socket.once('close', closed);
    },
    close: () => socket.end(() => socket.destroy()),
    drained: () =>
      !socket.writableNeedDrain || socket.destroyed
        ? Promise.resolve()
        : new Promise((resolve) => {
            socket.once('drain', resolve);
            socket.once('close', resolve);
          }),
  };
};
