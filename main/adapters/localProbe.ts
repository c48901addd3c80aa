/** Runs the admin's own command on this machine, in a shell, and says what its exit code means. */
import { spawn } from 'node:child_process';
import type { LocalProbe } from '../core/ports.ts';
import { systemWords } from './fileWords.ts';

const KEPT = 4000;
/** What a command says is shown in one line, without control characters. */
const lastWords = (said: string): string =>
  (
    said
      .replace(/\p{Cc}+/gu, '\n')
      .trim()
      .split('\n')
      .at(-1) ?? ''
  ).slice(0, 500);

/** Ends the command with all that it started: on POSIX it leads a process group of its own. */
const end = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
};

export const localProbe: LocalProbe = {
  run: (command, { timeoutMs, signal }) =>
    new Promise((resolve) => {
      const windows = process.platform === 'win32';
      const child = spawn(command, {
        shell: windows ? true : '/bin/sh',
        detached: !windows,
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
      });
      let said = '';
      let late = false;
      const hear = (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(-KEPT);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      const stop = () => end(child.pid);
      const timer = setTimeout(() => {
        late = true;
        stop();
      }, timeoutMs);
      signal.addEventListener('abort', stop, { once: true });
      const answer = (result: 'met' | 'clear' | 'unreadable', detail: string) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve({ result, detail });
      };
      child.on('error', (error) => answer('unreadable', `it could not be started: ${systemWords(error)}`));
      child.on('close', (code) => {
        if (late) answer('unreadable', `it took longer than ${timeoutMs / 1000} s`);
        else if (code === 0 || code === 1) answer(code === 0 ? 'met' : 'clear', lastWords(said));
        else answer('unreadable', `exit code ${code ?? 'none'}${said === '' ? '' : `: ${lastWords(said)}`}`);
      });
      if (signal.aborted) stop();
    }),
};
