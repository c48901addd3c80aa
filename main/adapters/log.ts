/** The host process's log: JSON lines in the data folder, readable by its owner only, with a size limit. Never a secret, never host output. */
import { existsSync, renameSync, statSync } from 'node:fs';
import pino from 'pino';
import type { Log } from '../core/ports.ts';

const LARGEST_LOG_BYTES = 10 * 1024 * 1024;

export const fileLog = (file: string): Log => {
  if (existsSync(file) && statSync(file).size > LARGEST_LOG_BYTES) renameSync(file, `${file}.1`);
  const logger = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: file, sync: true, mode: 0o600 }),
  );
  return { write: (level, message, fields) => logger[level](fields ?? {}, message) };
};
