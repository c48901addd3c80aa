/** A host seen from outside Frostline: by dpkg, apt-mark, apt's own history and plain files. The judge of every claim. */
import { afterEach, describe, expect } from 'vitest';
import type { Fleet } from '../fleet/fleet.ts';
import type { LabHost } from '../fleet/host.ts';
import {
  BROKEN_OK_FILE,
  EDITED_CONFFILE,
  packageVersions,
  SLOW_SECONDS_FILE,
  UNTOUCHED_CONFFILE,
} from '../fleet/shapes.ts';
import { labUnavailable } from '../fleet/tools.ts';
import { LabConsole } from './console.ts';

const unavailable = labUnavailable();

/**
 * `describe` for what needs a lab; where none can stand it is skipped with the reason in its name. After every test the event
 * logs of all runs of its consoles, replayed, give the stored state, unless the tests see to that themselves.
 */
export const describeLab = (name: string, tests: () => void, o: { checksRuns?: boolean } = {}): void => {
  describe.skipIf(unavailable !== null)(
    `${name}${unavailable === null ? '' : ` (skipped: ${unavailable})`}`,
    () => {
      if (o.checksRuns !== true)
        afterEach(async () => {
          expect(await LabConsole.allDisagreements()).toEqual([]);
        });
      tests();
    },
  );
};

const sections = (text: string): string[][] =>
  text.split('@@\n').map((section) => section.split('\n').filter((line) => line !== ''));

export type HostPicture = {
  /** `name:arch version state`. */
  packages: string[];
  auto: string[];
  held: string[];
  /** Content of the configuration files that packages bring. */
  conffiles: Record<string, string>;
};

const CONFFILES = [EDITED_CONFFILE, UNTOUCHED_CONFFILE, '/etc/init.d/lab-service'];

/** All that a rollback has to bring back. Two pictures are equal when nothing of it differs. */
export const pictureOf = async (host: LabHost): Promise<HostPicture> => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
  const script = [
    "dpkg-query -W -f='${binary:Package}:${Architecture} ${Version} ${db:Status-Abbrev}\\n' | sort",
    'apt-mark showauto | sort',
    'apt-mark showhold | sort',
    `sha256sum ${CONFFILES.join(' ')} 2>/dev/null; true`,
  ].join('; echo @@; ');
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
  const [packages = [], auto = [], held = [], files = []] = sections(await host.output(script));
  const conffiles = Object.fromEntries(
    files.map((line) => {
      const [sum = '', path = ''] = line.split(/\s+/);
      return [path, sum] as const;
    }),
  );
  return { packages, auto, held, conffiles };
};

export const picturesOf = async (hosts: readonly LabHost[]): Promise<Map<string, HostPicture>> =>
  new Map(await Promise.all(hosts.map(async (host) => [host.name, await pictureOf(host)] as const)));

/** Lab packages with their version; a state other than well installed stands behind it. */
export const labPackages = async (host: LabHost): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await host.packages('lab-*'))]
      .filter(([, { state }]) => state !== 'un')
      .map(([name, { version, state }]) => [
        name,
        state === 'ii' || state === 'hi' ? version : `${version} ${state}`,
      ]),
  );

/** What every host starts with. */
export const profilePackages: Readonly<Record<string, string>> = Object.fromEntries(
  packageVersions.filter((p) => p.installed).map((p) => [p.name, p.version]),
);

export type AptAction = { action: 'Inst' | 'Remv'; name: string; to: string };

/** apt's own word on what `dist-upgrade` would do now. */
export const distUpgrade = async (host: LabHost): Promise<AptAction[]> =>
  (await host.output('LC_ALL=C apt-get -s dist-upgrade')).split('\n').flatMap((line): AptAction[] => {
    const inst = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /.exec(line);
    if (inst?.[1] !== undefined && inst[2] !== undefined)
      return [{ action: 'Inst', name: inst[1], to: inst[2] }];
    const remv = /^Remv (\S+)/.exec(line);
    return remv?.[1] === undefined ? [] : [{ action: 'Remv', name: remv[1], to: '' }];
  });

/** How often dpkg itself unpacked this version of a package since the host's disk was fresh. */
export const timesUnpacked = async (host: LabHost, name: string, version: string): Promise<number> => {
  const log = await host.output('cat /var/log/dpkg.log 2>/dev/null; true');
  return log.split('\n').filter((line) => {
    const [, , verb, what = '', , to] = line.split(' ');
    return (verb === 'upgrade' || verb === 'install') && what.startsWith(`${name}:`) && to === version;
  }).length;
};

/** apt transactions that changed something, from apt's own history. */
export const aptTransactions = async (host: LabHost): Promise<string[]> =>
  (await host.output('cat /var/log/apt/history.log 2>/dev/null; true'))
    .split('\n\n')
    .filter((block) => /^(Install|Upgrade|Downgrade|Remove|Purge|Reinstall): /m.test(block));

/** What is left in Frostline's folder on the host; the empty folder itself may stay. */
export const leftOn = async (host: LabHost): Promise<string[]> => {
  const found = await host.output('find /var/lib/frostline -mindepth 2 2>/dev/null; true');
  return found.split('\n').filter((line) => line !== '');
};

/** The job folders on the host, one for each mutation that was started there. */
export const jobsOn = async (host: LabHost): Promise<string[]> => {
  const found = await host.output('ls /var/lib/frostline/jobs 2>/dev/null; true');
  return found.split('\n').filter((line) => line !== '');
};

/** What a run, or a test that prepares one, leaves on a host. */
const TRACES = ['/var/log/dpkg.log', '/var/lib/frostline', BROKEN_OK_FILE, SLOW_SECONDS_FILE];

/** Puts the hosts back that show traces of a test; the others are as they were, and that saves the time. */
export const resetWorn = async (fleet: Fleet): Promise<void> => {
  await Promise.all(
    fleet.hosts.map(async (host) => {
      const traces = await host.output(`ls -d ${TRACES.join(' ')} 2>/dev/null; true`);
      if (traces !== '') await host.reset();
    }),
  );
};
