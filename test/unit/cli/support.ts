/** The built command line on a data folder of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const OWN_NODE = join(ROOT, 'node_modules/node/bin/node');
const NODE = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;
const CLI = process.env.FROSTLINE_CLI ?? join(ROOT, 'dist', 'main', 'cli.js');

export type Answer = { code: number; stdout: string; stderr: string };
type Options = {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  dataDir?: string | null;
  /** Ctrl-C is pressed when this comes. */
  interrupt?: Promise<unknown>;
};

export class Frostline {
  readonly work = mkdtempSync(join(tmpdir(), 'frostline-cli-'));
  readonly #folders = new Set<string>();

  path(...parts: string[]): string {
    return join(this.work, ...parts);
  }

  run(args: readonly string[], o: Options = {}): Promise<Answer> {
    const dataDir = o.dataDir === undefined ? this.path('data') : o.dataDir;
    if (dataDir !== null) this.#folders.add(dataDir);
    const { SSH_AUTH_SOCK: _agent, ...env } = process.env;
    const child = spawn(NODE, [CLI, ...(dataDir === null ? [] : ['--data-dir', dataDir]), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: o.cwd ?? this.work,
      env: { ...env, HOME: this.work, ...o.env },
    });
    const answer: Answer = { code: -1, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (answer.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (answer.stderr += text));
    void o.interrupt?.then(() => child.kill('SIGINT'));
    return new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', (code) => done({ ...answer, code: code ?? -1 }));
    });
  }

  /** With `--json`: exactly one document on stdout, else this throws. */
  async json(...args: string[]): Promise<{ code: number; document: unknown }> {
    const { code, stdout } = await this.run(['--json', ...args]);
    return { code, document: JSON.parse(stdout) };
  }

  /** Ends the host processes and removes everything. */
  close(): void {
    for (const folder of this.#folders) {
      try {
        const told: unknown = JSON.parse(readFileSync(join(folder, 'host.json'), 'utf8'));
        if (told instanceof Object && 'pid' in told && typeof told.pid === 'number')
          process.kill(told.pid, 'SIGTERM');
      } catch {
        // None was started, or it has ended.
      }
    }
    rmSync(this.work, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
