/** libzypp's own log of what it did, as a host gives it and as a hostile one might. */
import { expect, test } from 'vitest';
import type { HostTransaction } from '../../../main/core/drivers/history.ts';
import { parseHistory } from '../../../main/core/drivers/zypper/history.ts';

const NONCE = 'deadbeef';
const parse = (log: string, zone = '+0200'): HostTransaction[] => {
  const stdout = `\n@@${NONCE} begin\n\n@@${NONCE} zone\n${zone}\n\n@@${NONCE} zypp\n${log}\n@@${NONCE} end\n`;
  const read = parseHistory({ stdout, stderr: '', exitCode: 0 }, { nonce: NONCE });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
};

test('packages belong to the command before them; times are the host’s own', () => {
  expect(
    parse(`2026-11-26 18:55:32|command|root@z01|'zypper' '-n' 'in' 'lab-app=2.0-1'|
2026-11-26 18:55:32|install|lab-newdep|1.0-1|noarch||lab|2445|
2026-11-26 18:55:36|install|lab-app|1:2.0-1|x86_64|root@z01|lab|c200|
2026-11-26 19:00:00|command|root@z01|'zypper' 'rm' 'lab-slow'|
2026-11-26 19:00:01|remove |lab-slow|1.0-1|noarch|root@z01|
2026-11-26 19:00:02|patch  |LABEA-2026:0201|1|noarch|lab|none|enhancement|needed|applied|`),
  ).toEqual([
    {
      at: '2026-11-26T16:55:32.000Z',
      by: 'root',
      command: 'zypper -n in lab-app=2.0-1',
      changes: [
        { name: 'lab-newdep', arch: 'noarch', to: '1.0-1' },
        { name: 'lab-app', arch: 'x86_64', to: '1:2.0-1' },
      ],
    },
    {
      at: '2026-11-26T17:00:00.000Z',
      by: 'root',
      command: 'zypper rm lab-slow',
      changes: [{ name: 'lab-slow', arch: 'noarch', from: '1.0-1', to: null }],
    },
  ]);
});

test('a log that begins in the middle of a command tells by whom a package was asked for, where that is known', () => {
  expect(parse('2026-11-26 18:55:36|install|lab-app|2.0-1|x86_64|admin@z01|lab|c200|', '+0000')).toEqual([
    {
      at: '2026-11-26T18:55:36.000Z',
      by: 'admin',
      changes: [{ name: 'lab-app', arch: 'x86_64', to: '2.0-1' }],
    },
  ]);
  expect(parse('2026-11-26 18:55:36|install|lab-app|2.0-1|x86_64|77:y2base|lab|c200|')[0]).not.toHaveProperty(
    'by',
  );
});

test('a separator in a word of the command is part of it', () => {
  const [one] = parse(`2026-11-26 18:55:32|command|root@z01|'zypper' 'in' 'a\\|b'|
2026-11-26 18:55:36|install|a|2.0-1|x86_64|root@z01|lab|c200|`);
  expect(one?.command).toBe('zypper in a|b');
});

test('commands that changed nothing, and lines that are none, are passed over', () => {
  expect(
    parse(`2026-11-26 18:55:32|command|root@z01|'zypper' 'up'|
2026-13-40 18:55:36|install|a|1-1|noarch|root@z01|lab|c2|
2026-11-26 18:55:36|install|a;rm -rf|1-1|noarch|root@z01|lab|c2|
2026-11-26 18:55:36|install|a|1 1|noarch|root@z01|lab|c2|
2026-11-26 18:55:36|install|a|1-1|NO ARCH|root@z01|lab|c2|
2026-11-26 18:55:36|remove |a
2026-11-26 18:55:36|radd   |lab|http://x/|
# 2026-11-26 18:55:36 a-1-1.noarch.rpm installed ok
|||||
`),
  ).toEqual([]);
});
