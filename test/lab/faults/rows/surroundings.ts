import { FLOOD_MEGABYTES_FILE } from '../../fleet/shapes.ts';
import type { Live } from '../../support/live.ts';
import type { Case } from '../case.ts';
import type { Row } from '../matrix.ts';
import { installGerman } from '../shells.ts';

const group = 'Output and surroundings';
const on = ['apt', 'dnf', 'zypper'] as const;
const well = { exit: 0, state: 'succeeded', packages: 'new' } as const;
const again = { by: 'run', state: 'compliant', packages: 'new' } as const;

/** `date` lies by so many days, for every program that finds it in the usual path. */
const skew = (days: number) => async (c: Case) =>
  void (await c.host.output(
    `printf '#!/bin/sh\\nexec /usr/bin/date -d "${days} days" "$@"\\n' > /usr/local/sbin/date; chmod 755 /usr/local/sbin/date`,
  ));

/** No line that was shown can turn a terminal's or a reader's head. */
const tamed = async (c: Case, live: Live): Promise<void> => {
  const lines = live.of('task.output').flatMap((event) => (event.host === c.name ? [event.line] : []));
  const wild = lines.filter((line) => /[^\P{Cc}\t]|[\u202a-\u202e\u2066-\u2069]/u.test(line));
  if (wild.length > 0) throw new Error(`control characters were shown: ${JSON.stringify(wild)}`);
  if (c.side.name === 'apt' && !lines.some((line) => line.includes('<script>alert(1)</script>')))
    throw new Error('the markup is not there as text');
  if (
    live
      .of('task.progress')
      .some((event) => event.package === 'lab-noisy' && event.percent >= 100 && event.phase === 'forged')
  )
    throw new Error('a forged line of progress was believed');
};

export const surroundingRows: readonly Row[] = [
  {
    id: 'locale',
    group,
    fault: 'The host speaks German',
    on: ['apt'],
    inject: async (c) => {
      await installGerman(c.host);
      const german = 'env -u LC_ALL LANG=de_DE.UTF-8 apt-get -s install lab-plain';
      await c.host.output(`${german} | grep -q 'Paketlisten werden gelesen'`);
      await c.host.output(
        "printf 'LANG=de_DE.UTF-8\\nLANGUAGE=de\\nLC_ALL=de_DE.UTF-8\\n' | tee /etc/default/locale >> /etc/environment",
      );
      await c.host.dropSshConnections();
    },
    ends: well,
    next: again,
  },
  {
    id: 'flood',
    group,
    fault: 'A package prints 100 MB',
    on: ['apt'],
    brings: ['lab-flood'],
    long: true,
    inject: async (c) => {
      await c.installOld('lab-flood');
      await c.host.output(`echo 100 > ${FLOOD_MEGABYTES_FILE}`);
    },
    ends: well,
    also: async (c, live) => {
      const kept = live.of('task.output').filter((event) => event.host === c.name);
      if (kept.length > 100_001) throw new Error(`${kept.length} lines were kept`);
    },
    next: again,
  },
  {
    id: 'hostile-output',
    group,
    fault:
      'A package prints escape sequences, markup, direction marks, broken UTF-8 and look-alikes of our own lines',
    on,
    brings: ['lab-noisy'],
    ends: well,
    also: tamed,
    next: again,
  },
  {
    id: 'clock-ahead',
    group,
    fault: 'The host’s clock is three days ahead',
    on,
    inject: skew(3),
    ends: well,
    next: again,
  },
  {
    id: 'no-systemd',
    group,
    fault: 'The host has no systemd: the job is started by other means, and outlives the session',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.dropSshConnections();
      await c.letGo();
    },
    ends: well,
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
  {
    id: 'systemd-run-fails',
    group,
    fault: 'systemd does not take the job (systemd-run fails)',
    on: ['apt'],
    flavour: 'systemd',
    brings: ['lab-slow'],
    inject: async (c) => {
      await c.hold();
      await c.host.output(
        "printf '#!/bin/sh\\necho Failed to start transient service unit >&2\\nexit 1\\n' > /usr/local/sbin/systemd-run; chmod 755 /usr/local/sbin/systemd-run",
      );
    },
    during: async (c, live) => {
      await c.held(live);
      await c.host.dropSshConnections();
      await c.letGo();
    },
    ends: well,
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
];
