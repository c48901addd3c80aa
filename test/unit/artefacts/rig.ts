/** The transfer's real scripts in a real shell, over a folder that stands for the host's root, on a line that can be cut. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ArtefactKey } from '../../../main/core/artefacts/ports.ts';
import type { Ask } from '../../../main/core/artefacts/pull.ts';
import type { TransferTools } from '../../../main/core/artefacts/whole.ts';
import { ROOT_MARK } from '../../../main/core/drivers/shell.ts';
import { type FrostError, frostError, ok } from '../../../shared/errors.ts';

export const KEY: ArtefactKey = { ecosystem: 'apt', name: 'curl', arch: 'amd64', version: '7.88-1' };
export const TOKEN = '0a1b2c3d-4e5f6071-1';
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

export const temporary = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'frostline artefacts '));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** What becomes of one script: how many bytes of its answer arrive, and whether it ran at all. */
export type Cut = { after: number; error?: FrostError } | { before: true } | null;

export type Rig = {
  root: string;
  file(name: string): string;
  put(name: string, content: Uint8Array): string;
  read(name: string): Uint8Array | undefined;
  ask: Ask;
  tools: TransferTools;
  /** What happens to the coming scripts, in order; then none is cut. */
  cuts: Cut[];
  scripts: string[];
  pauses: number;
};

export const LOST = frostError('host.connection-lost', 'reset by peer');

export const createRig = (chunk = 7): Rig => {
  const root = temporary();
  writeFileSync(join(root, ROOT_MARK), '');
  let nonces = 0;
  const rig: Rig = {
    root,
    cuts: [],
    scripts: [],
    pauses: 0,
    file: (name) => join(root, name),
    read: (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name)) : undefined),
    put: (name, content) => {
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), content);
      return join(root, name);
    },
    tools: {
      nonce: () => `${++nonces}`.padStart(16, '0'),
      pause: async () => {
        rig.pauses += 1;
        return true;
      },
    },
    ask: async (spec, options) => {
      rig.scripts.push(spec.script);
      const cut = rig.cuts.shift() ?? null;
      if (cut !== null && 'before' in cut) return { ok: false, error: LOST };
      const { stdout, stderr, status } = spawnSync('sh', ['-s'], {
        input: spec.script,
        env: { ...process.env, FROSTLINE_ROOT: root },
        maxBuffer: 64 * 1024 * 1024,
      });
      const arrived = cut === null ? stdout : stdout.subarray(0, cut.after);
      if (options?.onStdout !== undefined)
        for (let at = 0; at < arrived.length && options.signal?.aborted !== true; at += chunk)
          options.onStdout(arrived.subarray(at, at + chunk));
      if (options?.signal?.aborted === true) return { ok: false, error: frostError('cancelled', 'ended') };
      if (cut !== null) return { ok: false, error: cut.error ?? LOST };
      return ok({
        stdout: options?.onStdout === undefined ? stdout.toString('utf8') : '',
        stderr: stderr.toString('utf8'),
        exitCode: status ?? -1,
      });
    },
  };
  return rig;
};
