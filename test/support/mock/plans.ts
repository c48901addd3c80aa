import { frostError } from '../../../shared/errors.ts';
import type { HostPlan, PlanAction, ProofReason } from '../../../shared/model/plan.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import type { MockState } from './hub.ts';

export const planHost = (
  state: MockState,
  host: { id: string; name: string },
  snapshot: SnapshotView,
  requireProof: boolean,
): HostPlan => {
  const scan = state.store.latestScan(host.id);
  const base = {
    hostId: host.id,
    host: host.name,
    actions: [],
    skipped: [],
    proof: 'impossible' as const,
    reasons: [],
    refusals: [],
    bytes: { download: 0, disk: 0, available: 0, short: [] },
    reboot: false,
  };
  if (scan === undefined || scan.state === 'failed') {
    const error =
      scan?.error ??
      frostError('host.key-unknown', `The key of ${host.name} is not trusted yet.`, { host: host.name });
    return { ...base, state: error.code === 'host.unreachable' ? 'unreachable' : 'failed', error };
  }
  const approved = snapshot.entries.filter((entry) => entry.decision === 'approve');
  const actions = approved.flatMap((entry): PlanAction[] => {
    const update = scan.updates.find((each) => each.name === entry.name && each.to === entry.version);
    if (update === undefined || update.from === null) return [];
    return [
      {
        action: 'upgrade',
        name: entry.name,
        arch: update.arch,
        from: update.from,
        to: update.to,
        stage: entry.stage,
        dependency: false,
        origin: update.origin,
      },
    ];
  });
  if (host.name === 'app-02')
    actions.push(
      {
        action: 'install',
        name: 'libnginx-mod-http-geoip2',
        arch: 'amd64',
        to: '3.4-4+deb12u1',
        stage: 1,
        dependency: true,
      },
      {
        action: 'remove',
        name: 'libnginx-mod-http-geoip',
        arch: 'amd64',
        from: '1.22.1-9',
        stage: 1,
        dependency: true,
      },
    );
  const skipped = snapshot.entries
    .filter((entry) => !actions.some((action) => action.name === entry.name))
    .map((entry) => ({
      name: entry.name,
      version: entry.version,
      reason: entry.decision === 'reject' ? 'rejected' : 'already at this version',
    }));
  const impossible = host.name === 'app-03' && actions.length > 0;
  const bestEffort = host.name.startsWith('db') && actions.length > 0;
  const short = host.name === 'build-01';
  const common = {
    ...base,
    actions,
    skipped,
    proof: impossible ? ('impossible' as const) : bestEffort ? ('best-effort' as const) : ('proven' as const),
    reasons: actions.map((action, index) => proofOf(action, index, { impossible, bestEffort })),
    bytes: {
      download: actions.length * 1_900_000,
      disk: actions.length * 212_000 - 90_000,
      available: short ? 1.8e8 : 3.1e9,
      short: short ? [{ target: '/var', needed: 2.1e8, available: 1.8e8 }] : [],
    },
    reboot: actions.some((action) => action.name.startsWith('linux')) || scan.facts?.rebootRequired === true,
    ...(scan.facts === undefined
      ? {}
      : {
          facts: {
            os: scan.facts.os,
            release: scan.facts.release,
            arch: scan.facts.arch,
            manager: scan.facts.manager,
            kernel: scan.facts.kernel,
            bootId: scan.facts.bootId,
          },
        }),
  };
  if (host.name === 'mail-01')
    return {
      ...common,
      state: 'refused',
      refusals: [
        {
          code: 'freeze.other-snapshot',
          message: 'mail-01 is frozen on mail-quarter (revision 3) until 2026-12-01 00:00 Europe/Berlin.',
        },
        {
          code: 'freeze.unlisted-package',
          message: 'tzdata is not listed in mail-quarter.',
          package: 'tzdata',
        },
      ],
    };
  if (requireProof && common.proof !== 'proven')
    return {
      ...common,
      state: 'refused',
      refusals: [
        {
          code: 'proof.insufficient',
          message: `Undoing this on ${host.name} is not proven (${common.reasons
            .filter((reason) => reason.proof !== 'proven')
            .map((reason) => `${reason.package ?? ''}: ${reason.reason}`)
            .join('; ')}).`,
        },
      ],
    };
  return { ...common, state: actions.length === 0 ? 'compliant' : 'ready' };
};

const SOURCES = [
  { source: 'host', reason: 'in the package cache of the host, hash checked' },
  { source: 'console', reason: "in this console's store, hash checked" },
  { source: 'repository', reason: 'still offered by a repository of the host' },
] as const;

/** Every kind of proof there is, on hosts that have one. */
const proofOf = (
  action: PlanAction,
  index: number,
  host: { impossible: boolean; bestEffort: boolean },
): ProofReason => {
  const base = {
    package: action.name,
    arch: action.arch,
    ...(action.from === undefined ? {} : { version: action.from }),
  };
  if (action.action === 'install')
    return { ...base, proof: 'proven', reason: 'new: it is only removed again' };
  if (host.impossible && action.name === 'tzdata')
    return {
      ...base,
      proof: 'impossible',
      source: 'none',
      reason: `${action.from} is in no cache, no repository and no archive, and cannot be repacked`,
    };
  if (host.bestEffort && index === 0)
    return {
      ...base,
      proof: 'best-effort',
      source: 'repack',
      reason: 'repacked from the installed files, with its edited configuration baked in',
    };
  const from = SOURCES[index % SOURCES.length] ?? SOURCES[0];
  return { ...base, proof: 'proven', ...from };
};
