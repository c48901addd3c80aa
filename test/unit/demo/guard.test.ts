/** A demo host under guard: Frostline's own scripts on it, and the stand-ins that go by what those put there. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { GuardReading } from '../../../main/core/drivers/guard.ts';
import type { CommandSpec } from '../../../main/core/ports.ts';
import { type Console, driver, good, NONCE, newFolder, removeFolder, scan, startConsole } from './support.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ID = 'a'.repeat(64);
const LESS = '590-2.1~deb12u2';

describe.skipIf(process.platform === 'win32')('a demo host under guard', () => {
  let dir: string;
  let frost: Console;
  beforeAll(async () => {
    dir = newFolder();
    frost = await startConsole(dir, 1);
  });
  afterAll(async () => {
    await frost?.stop();
    removeFolder(dir);
  });

  const reading = async (spec: CommandSpec): Promise<GuardReading> =>
    good(driver.parseGuard(good(await frost.run('web-01', spec)), { nonce: NONCE }));
  const put = () =>
    reading(
      driver.guard({
        nonce: NONCE,
        request: {
          id: ID,
          about: 'Frozen by Frostline: snapshot march.',
          listed: [{ name: 'less', version: LESS }],
        },
      }),
    );
  /** By hand, as an admin would who is logged in there. */
  const byHand = async (command: string): Promise<{ code: number | null; text: string }> => {
    const {
      exitCode: code,
      stdout,
      stderr,
    } = good(
      await frost.run('web-01', {
        script: `exec sudo -n ${command}`,
        root: false,
        timeoutMs: 60_000,
        maxOutputBytes: 1_000_000,
      }),
    );
    return { code, text: stdout + stderr };
  };
  /** Everything below the host's /etc, with its bytes, mode and time. */
  const configuration = (): string[] => {
    const etc = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /\/etc(\/|$)/.test(path),
    );
    return etc.sort().map((path) => {
      const { mode, mtimeMs } = statSync(join(dir, path));
      const bytes = statSync(join(dir, path)).isFile() ? readFileSync(join(dir, path), 'utf8') : '';
      return [path, mode, mtimeMs, bytes].join(' ');
    });
  };

  test('it is put on, read back and taken off, and everything is as before', async () => {
    const before = configuration();
    expect(before.length).toBeGreaterThan(5);
    expect(await put()).toMatchObject({ present: 'all', id: ID, gaps: [] });
    expect(await reading(driver.guardState({ nonce: NONCE }))).toMatchObject({ present: 'all', id: ID });
    expect(await reading(driver.unguard({ nonce: NONCE }))).toMatchObject({ present: 'none' });
    expect(configuration()).toEqual(before);
  });

  test('Frostline goes by the host’s own pins, the host by the guard’s', async () => {
    const free = (await scan(frost, 'web-01')).updates;
    expect(free.length).toBeGreaterThan(5);
    await put();
    expect((await scan(frost, 'web-01')).updates).toEqual(free);
    expect((await byHand('apt-get -s dist-upgrade')).text.match(/^Inst \S+/gm)).toEqual(['Inst less']);
  });

  test('what is not listed is refused even where its version is given; what is listed goes through', async () => {
    const wget = await byHand('apt-get -y install wget=1.21.3-1+deb12u1');
    expect(wget).toMatchObject({ code: 100, text: expect.stringContaining('not in its snapshot: wget=') });
    expect(await byHand('apt-get -y install less')).toMatchObject({ code: 0 });
  });

  test('what was done there is known afterwards, with who did it and how', async () => {
    await reading(driver.unguard({ nonce: NONCE }));
    expect((await byHand('apt-get -y install wget')).code).toBe(0);
    expect((await byHand('apt-get -y remove tzdata')).code).toBe(0);
    const output = good(await frost.run('web-01', driver.history({ nonce: NONCE })));
    const history = good(driver.parseHistory(output, { nonce: NONCE }));
    const told = (command: string) => history.find((one) => one.command === command);
    expect(told('apt-get -y install less')).toMatchObject({
      by: 'demo',
      changes: [{ name: 'less', arch: 'amd64', from: '590-2', to: LESS }],
    });
    expect(told('apt-get -y install wget')).toMatchObject({ by: 'demo', changes: [{ name: 'wget' }] });
    expect(told('apt-get -y remove tzdata')).toMatchObject({ changes: [{ name: 'tzdata', to: null }] });
    expect(history).toHaveLength(3);
  });
});
