/** What would stand in a patch's way. */
import { describe, expect, test } from 'vitest';
import { readiness } from '../../../../renderer/features/host/readiness.ts';
import type { Facts } from '../../../../shared/model/scan.ts';

const NOW = Date.parse('2026-11-23T12:00:00.000Z');
const facts: Facts = {
  hostname: 'h',
  os: 'debian',
  osName: 'Debian',
  release: '12',
  arch: 'amd64',
  kernel: '6.1',
  bootId: 'b',
  clockSkewSeconds: 1,
  manager: 'apt',
  mounts: [
    { target: '/', availableBytes: 5e9, readOnly: false },
    { target: '/srv', availableBytes: 10, readOnly: true },
  ],
  lock: { held: false },
  broken: [],
  rebootRequired: false,
  rebootReasons: [],
  servicesToRestart: [],
  failedUnits: [],
  autoUpdaters: [],
  privilege: 'sudo',
  listsUpdatedAt: '2026-11-23T08:00:00.000Z',
};
const check = (more: Partial<Facts>, id: string) =>
  readiness({ ...facts, ...more }, NOW).find((each) => each.id === id);

test('a host in order is good in every line; a full disk nobody installs to does not count', () => {
  expect(readiness(facts, NOW).filter((each) => each.tone !== 'good')).toEqual([]);
});

describe('each trouble is named', () => {
  test.each<[string, Partial<Facts>, string, string, RegExp]>([
    ['no root', { privilege: 'none' }, 'root', 'bad', /cannot become root/],
    [
      'a held lock and its holder',
      { lock: { held: true, holder: 'pid 812 (apt-get upgrade)' } },
      'lock',
      'warn',
      /pid 812/,
    ],
    [
      'broken packages',
      { broken: [{ name: 'nginx', state: 'half-configured' }] },
      'broken',
      'bad',
      /nginx is half-configured/,
    ],
    [
      'little space',
      { mounts: [{ target: '/var', availableBytes: 1e8, readOnly: false }] },
      'space',
      'warn',
      /95.4 MiB left on \/var/,
    ],
    [
      'a read-only mount',
      { mounts: [{ target: '/usr', availableBytes: 1e10, readOnly: true }] },
      'space',
      'warn',
      /\/usr is read-only/,
    ],
    ['a clock that is wrong', { clockSkewSeconds: -94 }, 'clock', 'warn', /1 min 34 s behind/],
    [
      'old lists',
      { listsUpdatedAt: '2026-11-20T08:00:00.000Z' },
      'lists',
      'warn',
      /3 d ago; updates may be missing/,
    ],
    ['own updaters', { autoUpdaters: ['unattended-upgrades'] }, 'auto', 'warn', /unattended-upgrades/],
    [
      'a wanted reboot',
      { rebootRequired: true, rebootReasons: ['libc6'] },
      'reboot',
      'warn',
      /wanted for libc6/,
    ],
    ['old services', { servicesToRestart: ['ssh.service'] }, 'services', 'warn', /ssh.service/],
    ['failed units', { failedUnits: ['x.timer'] }, 'units', 'warn', /x.timer/],
  ])('%s', (_what, more, id, tone, text) => {
    expect(check(more, id)).toMatchObject({ tone });
    expect(check(more, id)?.text).toMatch(text);
  });
  test('what could not be seen is neither good nor bad', () => {
    const { servicesToRestart: _gone, ...rest } = facts;
    expect(readiness(rest, NOW).find((each) => each.id === 'services')).toMatchObject({ tone: 'neutral' });
  });
  test('lists that were never read are said to be', () => {
    const { listsUpdatedAt: _gone, ...rest } = facts;
    expect(readiness(rest, NOW).find((each) => each.id === 'lists')?.text).toMatch(/never read/);
  });
});
