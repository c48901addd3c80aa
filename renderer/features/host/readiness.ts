/** What would stand in a patch's way on this host, or follow it, from its facts. Pure. */
import type { Facts } from '../../../shared/model/scan.ts';
import type { Tone } from '../../ui/Badge.tsx';
import { formatBytes, formatDuration, formatRelative } from '../../ui/format.ts';

export type Check = { id: string; label: string; tone: Tone; text: string };

/** Less free space than this on a mount that packages use is worth a look. */
const LOW_BYTES = 500_000_000;
const MOUNTS = new Set(['/', '/usr', '/var', '/boot']);
const BOOT_LOW_BYTES = 100_000_000;
const SKEW_SECONDS = 30;
const LISTS_OLD_MS = 26 * 3600_000;

const PRIVILEGE: Record<Facts['privilege'], { tone: Tone; text: string }> = {
  root: { tone: 'good', text: 'the account is root' },
  sudo: { tone: 'good', text: 'passwordless sudo works' },
  unknown: { tone: 'warn', text: 'not known: sudo wants a password, which a scan does not use' },
  none: { tone: 'bad', text: 'the account cannot become root; it can be scanned, not patched' },
};

/** `now`: ms since epoch. Every check is always there, so that a good one is seen to be good. */
export const readiness = (facts: Facts, now: number): Check[] => {
  const short = facts.mounts.filter(
    (mount) =>
      MOUNTS.has(mount.target) &&
      (mount.readOnly || mount.availableBytes < (mount.target === '/boot' ? BOOT_LOW_BYTES : LOW_BYTES)),
  );
  const skew = Math.abs(facts.clockSkewSeconds);
  const old = facts.listsUpdatedAt === undefined || now - Date.parse(facts.listsUpdatedAt) > LISTS_OLD_MS;
  return [
    { id: 'root', label: 'Root', ...PRIVILEGE[facts.privilege] },
    {
      id: 'lock',
      label: 'Package lock',
      tone: facts.lock.held ? 'warn' : 'good',
      text: facts.lock.held
        ? `held${facts.lock.holder === undefined ? '' : ` by ${facts.lock.holder}`}`
        : 'free',
    },
    {
      id: 'broken',
      label: 'Package state',
      tone: facts.broken.length > 0 ? 'bad' : 'good',
      text:
        facts.broken.length > 0
          ? facts.broken.map((each) => `${each.name} is ${each.state}`).join(', ')
          : 'nothing half-installed',
    },
    {
      id: 'space',
      label: 'Space',
      tone: short.length > 0 ? 'warn' : 'good',
      text:
        short.length > 0
          ? short
              .map((mount) =>
                mount.readOnly
                  ? `${mount.target} is read-only`
                  : `${formatBytes(mount.availableBytes)} left on ${mount.target}`,
              )
              .join(', ')
          : facts.mounts
              .filter((mount) => MOUNTS.has(mount.target))
              .map((mount) => `${mount.target} ${formatBytes(mount.availableBytes)}`)
              .join(' · '),
    },
    {
      id: 'lists',
      label: 'Package lists',
      tone: old ? 'warn' : 'good',
      text:
        facts.listsUpdatedAt === undefined
          ? 'never read on this host; updates may be missing'
          : `read ${formatRelative(facts.listsUpdatedAt, now)}${old ? '; updates may be missing' : ''}`,
    },
    {
      id: 'clock',
      label: 'Clock',
      tone: skew > SKEW_SECONDS ? 'warn' : 'good',
      text:
        skew > SKEW_SECONDS
          ? `${formatDuration(skew)} ${facts.clockSkewSeconds > 0 ? 'ahead of' : 'behind'} this machine`
          : 'agrees with this machine',
    },
    {
      id: 'auto',
      label: 'Own updaters',
      tone: facts.autoUpdaters.length > 0 ? 'warn' : 'good',
      text:
        facts.autoUpdaters.length > 0
          ? `${facts.autoUpdaters.join(', ')} may change it without you`
          : 'none is on',
    },
    {
      id: 'reboot',
      label: 'Reboot',
      tone: facts.rebootRequired ? 'warn' : 'good',
      text: facts.rebootRequired
        ? `wanted${facts.rebootReasons.length > 0 ? ` for ${facts.rebootReasons.join(', ')}` : ''}`
        : 'not wanted',
    },
    {
      id: 'services',
      label: 'Services',
      tone:
        facts.servicesToRestart === undefined
          ? 'neutral'
          : facts.servicesToRestart.length > 0
            ? 'warn'
            : 'good',
      text:
        facts.servicesToRestart === undefined
          ? 'whether any runs on replaced files could not be seen'
          : facts.servicesToRestart.length > 0
            ? `${facts.servicesToRestart.join(', ')} still run on replaced files`
            : 'none runs on replaced files',
    },
    {
      id: 'units',
      label: 'Failed units',
      tone: facts.failedUnits.length > 0 ? 'warn' : 'good',
      text: facts.failedUnits.length > 0 ? facts.failedUnits.join(', ') : 'none',
    },
  ];
};
