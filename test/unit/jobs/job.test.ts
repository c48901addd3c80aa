/** The real scripts, in a real shell, without root: everything below a folder that stands for the host's root. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROOT_MARK } from '../../../main/core/drivers/shell.ts';
import {
  type FollowEvent,
  FollowReader,
  followJob,
  inspectJob,
  parseInspect,
  parseStart,
  removeJobs,
  startJob,
  stopJob,
} from '../../../main/core/jobs/job.ts';
import type { CommandSpec } from '../../../main/core/ports.ts';

const NONCE = 'ba5eba11deadbeef';
const TOKEN = '0a1b2c3d-4e5f6071-1';
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'frostline job '));
  mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true });
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'first-boot\n');
  writeFileSync(join(root, ROOT_MARK), '');
});
afterEach(async () => {
  await endJob();
  rmSync(root, { recursive: true, force: true });
});

const folder = () => join(root, 'var/lib/frostline/jobs', TOKEN);
/** The job's processes, as far as they live: the one that runs it, and its script. A number may be somebody else's by now. */
const living = (): number[] => {
  const file = join(folder(), 'pid');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.flatMap((line) => {
    const [pid, started] = line.split(' ').map(Number);
    if (!existsSync(`/proc/${pid}/stat`)) return [];
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return pid !== undefined && pid > 1 && state !== 'Z' && Number(rest[18]) === started ? [pid] : [];
  });
};
/**
 * A job that waits for a file in its folder would wait for ever once the folder is gone, and the file with it: it looks now and
 * then, and not in the moment between.
 */
const endJob = async () => {
  for (const pid of living()) process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(living()).toEqual([]), { interval: 10 });
};
const env = () => ({ ...process.env, FROSTLINE_ROOT: root });
function run(spec: CommandSpec) {
  const { stdout, stderr, status } = spawnSync('sh', ['-s'], {
    input: spec.script,
    encoding: 'utf8',
    env: env(),
  });
  return { stdout, stderr, exitCode: status ?? -1 };
}
const start = (script: string) => parseStart(run(startJob({ nonce: NONCE, token: TOKEN, script })), NONCE);
const inspect = () => parseInspect(run(inspectJob({ nonce: NONCE, token: TOKEN })), NONCE);

type Following = {
  child: ChildProcess;
  events: FollowEvent[];
  until(found: (event: FollowEvent) => boolean): Promise<void>;
  ended: Promise<unknown>;
};
function follow(logOffset = 0, progressOffset = 0): Following {
  const child = spawn('sh', ['-s'], { env: env(), stdio: ['pipe', 'pipe', 'inherit'] });
  const reader = new FollowReader(NONCE);
  const events: FollowEvent[] = [];
  const waiting: { found: (event: FollowEvent) => boolean; done: () => void }[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const event of reader.feed(chunk)) {
      events.push(event);
      for (const one of waiting) if (one.found(event)) one.done();
    }
  });
  const ended = once(child, 'close');
  child.stdin?.end(followJob({ nonce: NONCE, token: TOKEN, logOffset, progressOffset }).script);
  return {
    child,
    events,
    ended,
    until: (found) =>
      events.some(found) ? Promise.resolve() : new Promise((done) => waiting.push({ found, done })),
  };
}
const text = (events: FollowEvent[]) =>
  events.map((event) => (event.kind === 'log' ? event.text : '')).join('');

describe('a detached job', () => {
  test('runs once, with its folder, its log, its progress and its exit code', async () => {
    expect(
      start('echo "hello from $(basename "$FROSTLINE_JOB")"; echo step >>"$FROSTLINE_JOB/progress"; exit 7'),
    ).toEqual({
      ok: true,
      value: 'started',
    });
    const { ended, events } = follow();
    await ended;
    expect(text(events)).toBe(`hello from ${TOKEN}\n`);
    expect(events.flatMap((event) => (event.kind === 'progress' ? event.lines : []))).toEqual(['step']);
    expect(events.at(-1)).toEqual({ kind: 'exit', code: 7 });
    expect(inspect()).toEqual({ ok: true, value: { state: 'finished', code: 7 } });
  });

  test('a second start does nothing and says so', async () => {
    start('echo once; exit 0');
    expect(start('echo twice; exit 1')).toEqual({ ok: true, value: 'already' });
    const { ended, events } = follow();
    await ended;
    expect(text(events)).toBe('once\n');
  });

  test('an old folder with packages put aside is no start', async () => {
    mkdirSync(join(folder(), 'old'), { recursive: true });
    expect(inspect()).toEqual({ ok: true, value: { state: 'absent' } });
    expect(start('exit 0')).toEqual({ ok: true, value: 'started' });
    await follow().ended;
    expect(existsSync(join(folder(), 'old'))).toBe(true);
  });

  test('goes on when its follower is gone, and is followed again from where it was', async () => {
    // The job waits for a file, so that the test decides when it goes on.
    start('echo before; while [ ! -e "$FROSTLINE_JOB/go" ]; do sleep 0.1; done; echo after; exit 0');
    const first = follow();
    await first.until((event) => event.kind === 'log');
    first.child.kill('SIGKILL');
    await first.ended;
    const seen = first.events.findLast((event) => event.kind === 'log');
    expect(inspect()).toMatchObject({ ok: true, value: { state: 'running' } });
    const second = follow(seen?.kind === 'log' ? seen.offset : -1);
    writeFileSync(join(folder(), 'go'), '');
    await second.ended;
    expect(text(second.events)).toBe('after\n');
    expect(second.events.at(-1)).toEqual({ kind: 'exit', code: 0 });
  });

  test('its log may hold any byte, and more than one frame takes', async () => {
    start(
      `head -c 300000 /dev/zero | tr "\\\\000" "\\\\377"; printf "\\\\n@@%s exit 9\\\\nend\\\\n" ${NONCE}`,
    );
    const { ended, events } = follow();
    await ended;
    const last = events.findLast((event) => event.kind === 'log');
    expect(last).toMatchObject({ offset: readFileSync(join(folder(), 'log')).length });
    expect(text(events)).toContain('end\n');
    expect(events.at(-1)).toEqual({ kind: 'exit', code: 0 });
  });

  test('tells that it is alive while nothing happens', async () => {
    start('while [ ! -e "$FROSTLINE_JOB/stop" ]; do sleep 0.1; done; exit 12');
    const following = follow();
    await following.until((event) => event.kind === 'alive');
    expect(run(stopJob({ nonce: NONCE, token: TOKEN })).exitCode).toBe(0);
    await following.ended;
    expect(following.events.at(-1)).toEqual({ kind: 'exit', code: 12 });
  });

  test('killed without an exit code: died', async () => {
    start('echo up; while [ ! -e "$FROSTLINE_JOB/go" ]; do sleep 0.1; done');
    const following = follow();
    await following.until((event) => event.kind === 'log');
    expect(living()).toHaveLength(2);
    for (const pid of living()) process.kill(pid, 'SIGKILL');
    await following.ended;
    expect(following.events.at(-1)).toEqual({
      kind: 'died',
      reason: 'its process is gone and left no exit code',
    });
  });

  test('another boot: died, though a process has its number', async () => {
    start('while [ ! -e "$FROSTLINE_JOB/go" ]; do sleep 0.1; done');
    writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'second-boot\n');
    expect(inspect()).toMatchObject({
      ok: true,
      value: { state: 'died', reason: expect.stringContaining('restarted') },
    });
    writeFileSync(join(folder(), 'go'), '');
  });

  test('a start whose reader goes away in its middle still launches the job', async () => {
    mkdirSync(folder(), { recursive: true });
    const script = join(folder(), 'script');
    // Writing it waits for a reader: that is the middle.
    execFileSync('mkfifo', [script]);
    const child = spawn('sh', ['-s'], { env: env(), stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.end(startJob({ nonce: NONCE, token: TOKEN, script: 'exit 0\n' }).script);
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.stdout.destroy();
    expect(await readFile(script, 'utf8')).toBe('exit 0\n');
    await writeFile(script, 'exit 3\n');
    await gone;
    expect(inspect()).toEqual({ ok: true, value: { state: 'finished', code: 3 } });
  });

  test('a start that was lost is called dead once, and can never begin later', () => {
    mkdirSync(join(folder(), 'started'), { recursive: true });
    expect(inspect()).toEqual({ ok: true, value: { state: 'died', reason: 'it was never begun' } });
    expect(existsSync(join(folder(), 'begun'))).toBe(true);
    expect(start('exit 0')).toEqual({ ok: true, value: 'already' });
  });

  test('nothing of that token: absent', async () => {
    expect(inspect()).toEqual({ ok: true, value: { state: 'absent' } });
    const { ended, events } = follow();
    await ended;
    expect(events.at(-1)).toEqual({ kind: 'absent' });
  });

  test('folders of finished jobs are removed, that of a running one stays', async () => {
    start('while [ ! -e "$FROSTLINE_JOB/go" ]; do sleep 0.1; done; exit 0');
    const clean = () => run(removeJobs({ nonce: NONCE, tokens: [TOKEN, 'not-there'] }));
    expect(clean().exitCode).toBe(0);
    expect(existsSync(folder())).toBe(true);
    const following = follow();
    writeFileSync(join(folder(), 'go'), '');
    await following.ended;
    expect(clean().exitCode).toBe(0);
    expect(existsSync(folder())).toBe(false);
  });

  test('a token is never part of a path or a word it should not be', () => {
    for (const token of ['../x', 'a b', '', 'A', 'x;y', 'a'.repeat(81)]) {
      expect(() => startJob({ nonce: NONCE, token, script: '' })).toThrow(RangeError);
    }
  });
});
