import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { locksDir } from './config.ts';

/** A failure of the lab itself (not of what is tested on it). */
export class LabError extends Error {
  override readonly name = 'LabError';
}

export interface Ran {
  /** Exit code; 128 + n is not used: a signal gives -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Runs a program to its end. Never throws for its exit code; throws LabError when it cannot be started. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        cwd: options.cwd,
        env: options.env ?? process.env,
        timeout: options.timeoutMs ?? 0,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        if (typeof error.code === 'string') return reject(new LabError(`${command}: ${error.message}`));
        resolve({ code: error.code ?? -1, stdout, stderr });
      },
    );
    // A program may end without reading its input; that is its exit code's business.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });

/** Runs a program that must succeed; returns its standard output. */
export const must = async (
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> => {
  const ran = await run(command, args, options);
  if (ran.code === 0) return ran.stdout;
  const tail = `${ran.stdout}\n${ran.stderr}`.trim().split('\n').slice(-25).join('\n');
  throw new LabError(`${command} ${args.join(' ')}: exit ${ran.code}\n${tail}`);
};

export interface Lock {
  release(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

/**
 * A kernel lock (flock) on `<labDir>/locks/<name>`. It is held by a child that ends when our end of its stdin closes: a killed
 * test process therefore never leaves a lock behind. Returns null when `wait` is false and another process holds it.
 */
export const lock = async (
  name: string,
  mode: 'shared' | 'exclusive',
  wait: boolean,
): Promise<Lock | null> => {
  await mkdir(locksDir, { recursive: true });
  const args = [mode === 'shared' ? '-s' : '-x', ...(wait ? [] : ['-n']), join(locksDir, name)];
  const child = spawn('flock', [...args, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Out of the terminal's process group: Ctrl-C is for the program that holds the lock to handle.
    detached: true,
  });
  const held = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', () => resolve(true));
    child.once('exit', () => resolve(false));
  });
  if (!held) return null;
  child.stdout.resume();
  // Neither handle may keep a finished test process alive.
  child.unref();
  return {
    release: async () => {
      child.ref();
      child.stdin.end();
      await ended(child);
    },
  };
};

/** `lock` that waits for its turn. */
export const lockOrWait = async (name: string, mode: 'shared' | 'exclusive'): Promise<Lock> => {
  const held = await lock(name, mode, true);
  if (held === null) throw new LabError(`cannot lock ${name}`);
  return held;
};
