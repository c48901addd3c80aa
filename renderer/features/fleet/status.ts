/** What a host's row says at a glance, from what is known of it. Pure. */
import { FileWarning, KeyRound, type LucideIcon, Unplug } from 'lucide-react';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import { isUnreachable } from '../../../shared/errors.ts';
import type { ScanSummary } from '../../../shared/model/scan.ts';
import type { Tone } from '../../ui/Badge.tsx';

export type HostStatus = {
  tone: Tone;
  label: string;
  icon?: LucideIcon;
  /** The cause, for the tooltip and the host page. */
  detail?: string;
  /** Worst first: for sorting. */
  rank: number;
};

const KEY_CODES = new Set(['host.key-unknown', 'host.key-changed', 'host.key-revoked']);

export const hostStatus = ({ latest, trusted }: HostOverview): HostStatus => {
  if (latest === undefined)
    return trusted
      ? { tone: 'neutral', label: 'not scanned', rank: 4 }
      : {
          tone: 'warn',
          label: 'key not trusted',
          icon: KeyRound,
          detail: 'Nobody has confirmed its host key yet.',
          rank: 3,
        };
  if (latest.state === 'failed') {
    const error = latest.error;
    const detail = error === undefined ? {} : { detail: error.message };
    if (error !== undefined && (error.code === 'host.key-changed' || error.code === 'host.key-revoked'))
      return {
        tone: 'bad',
        label: error.code === 'host.key-changed' ? 'host key changed' : 'host key revoked',
        icon: KeyRound,
        ...detail,
        rank: 0,
      };
    if (error !== undefined && KEY_CODES.has(error.code))
      return { tone: 'warn', label: 'key not trusted', icon: KeyRound, ...detail, rank: 3 };
    if (error !== undefined && isUnreachable(error))
      return { tone: 'bad', label: 'unreachable', icon: Unplug, ...detail, rank: 1 };
    return { tone: 'bad', label: 'scan failed', ...detail, rank: 1 };
  }
  if ((latest.facts?.broken.length ?? 0) > 0)
    return {
      tone: 'bad',
      label: 'packages broken',
      detail: latest.facts?.broken.map((each) => each.name).join(', ') ?? '',
      rank: 2,
    };
  if (latest.state === 'partial')
    return {
      tone: 'warn',
      label: 'partly scanned',
      icon: FileWarning,
      ...(latest.error === undefined ? {} : { detail: latest.error.message }),
      rank: 3,
    };
  return { tone: 'good', label: 'reachable', rank: 5 };
};

/** The scan whose numbers count: the latest unless it failed. */
export const goodScan = (overview: HostOverview): ScanSummary | undefined =>
  overview.latest !== undefined && overview.latest.state !== 'failed' ? overview.latest : overview.lastGood;

/** The numbers shown are from before the latest scan, which failed. */
export const isStale = (overview: HostOverview): boolean =>
  overview.latest?.state === 'failed' && overview.lastGood !== undefined;
