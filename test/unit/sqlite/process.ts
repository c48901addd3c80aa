/** Starting a script of this folder in a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

export type Child = {
  process: ChildProcess;
  /** The next line it prints; undefined once it has ended. */
  line(): Promise<string | undefined>;
  /** SIGKILL, and until it is gone. */
  kill(): Promise<void>;
};

export const start = (script: string, args: string[]): Child => {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  return {
    process: child,
    line: async () => {
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    kill,
  };
};
