/** Whether each touched package can be put back as it is: the rollback proof, and what it rests on. Pure. */
import type { ArtefactSource, PlanAction, ProofReason } from '../../../../shared/model/plan.ts';
import type { HeldArtefacts } from '../driver.ts';
import type { Transaction } from './transaction.ts';

/**
 * Packages that change their data when they are upgraded: going back to the old program does not bring the old data back.
 * The servers, not their clients and libraries.
 */
const MIGRATING = [
  /^postgresql(-\d+(\.\d+)?)?$/,
  /^(mysql|mariadb|percona)-server(-[\w.-]+)?$/,
  /^(default-mysql-server|mongodb(-org)?(-server)?|couchdb|cassandra|influxdb2?|neo4j|elasticsearch|opensearch)$/,
  /^(redis|redis-server|valkey|valkey-server|rabbitmq-server|etcd|etcd-server|consul|vault)$/,
  /^(slapd|389-ds-base|samba|samba-ad-dc|freeipa-server|krb5-kdc)$/,
  /^(dovecot-core|cyrus-imapd|exim4-daemon-\w+|zarafa-server|kopano-server)$/,
  /^(gitlab-[ce]e|gitea|nextcloud-server|grafana|zabbix-server-\w+|jenkins|keycloak)$/,
];

export const migratesData = (name: string): boolean => MIGRATING.some((pattern) => pattern.test(name));

/** What the reverse transaction should do: exactly the forward one's opposite. */
function expectedReverse(actions: PlanAction[]): { back: Map<string, string>; gone: Set<string> } {
  const back = new Map<string, string>();
  const gone = new Set<string>();
  for (const action of actions) {
    if (action.action === 'install') gone.add(action.name);
    else if (!back.has(action.name) && !gone.has(action.name)) back.set(action.name, action.from ?? '');
  }
  return { back, gone };
}

/** Undefined when the simulated way back is clean; else why it is not. */
export function reverseFault(
  actions: PlanAction[],
  reverse: Transaction | undefined,
  exitCode: number | undefined,
): string | undefined {
  if (reverse === undefined) return 'the way back could not be simulated';
  if (exitCode !== 0) {
    const said = [...reverse.errors, ...reverse.unmet].slice(0, 3).join(' ');
    return `the way back could not be simulated${said === '' ? '' : `: ${said}`}`;
  }
  const { back, gone } = expectedReverse(actions);
  const surprise =
    reverse.installs.find((install) => back.get(install.name) !== install.to) ??
    reverse.removals.find((removal) => !gone.has(removal.name));
  if (surprise) return `going back would also change ${surprise.name}`;
  const missing =
    [...back.keys()].find((name) => !reverse.installs.some((install) => install.name === name)) ??
    [...gone].find((name) => !reverse.removals.some((removal) => removal.name === name));
  return missing === undefined ? undefined : `going back would not restore ${missing}`;
}

export type OldArtefacts = {
  /** Where a repository still offers this version; undefined: none does. */
  repository(name: string, arch: string, version: string): string | undefined;
  /** A file on the host that is this package. */
  file(name: string, version: string): string | undefined;
  /** A file on the host that says it is, but is another: what is wrong with it. */
  spoilt(name: string, version: string): string | undefined;
  /** The architecture as installed: an update may change it to `all` or from it. */
  arch(name: string, arch: string): string;
  held: HeldArtefacts;
  /** dpkg-repack is there: it makes a package again from the installed files, edited configuration baked in. */
  repack: boolean;
};

type Found = { source: ArtefactSource; from: string };

/** The first of the sources that has the exact artefact, in the order in which the capture will look. */
function findOld(
  old: OldArtefacts,
  name: string,
  actionArch: string,
  arch: string,
  version: string,
): Found | undefined {
  const file = old.file(name, version);
  if (file !== undefined) return { source: 'host', from: file };
  const repository = old.repository(name, actionArch, version);
  if (repository !== undefined) return { source: 'repository', from: repository };
  const held = old.held(name, arch, version);
  if (held === undefined) return undefined;
  return held.source === 'console'
    ? { source: 'console', from: `the console's store (it came from ${held.from})` }
    : { source: 'archive', from: `the archive ${held.from}, kept in the console's store` };
}

function proofOf(action: PlanAction, old: OldArtefacts, fault: string | undefined): ProofReason {
  const { name: pkg } = action;
  if (action.action === 'install') {
    return fault === undefined
      ? { package: pkg, proof: 'proven', reason: 'new; it is removed again' }
      : { package: pkg, proof: 'best-effort', reason: `new; ${fault}`.slice(0, 1000) };
  }
  const version = action.from ?? '';
  const arch = old.arch(pkg, action.arch);
  const exact = { package: pkg, arch, ...(version !== '' && { version }) };
  const found = findOld(old, pkg, action.arch, arch, version);
  if (found === undefined) {
    const spoilt = old.spoilt(pkg, version);
    const nowhere = `version ${version} is in no repository of this host${spoilt === undefined ? ' and not in its cache' : `; ${spoilt}`}`;
    return old.repack
      ? {
          ...exact,
          proof: 'best-effort',
          source: 'repack',
          reason: `${nowhere}; it is packed again from its installed files`,
        }
      : { ...exact, proof: 'impossible', source: 'none', reason: nowhere };
  }
  const { source, from } = found;
  const doubt = migratesData(pkg) ? 'it may migrate its data, which going back does not undo' : fault;
  return doubt === undefined
    ? { ...exact, proof: 'proven', source, reason: `${version} from ${from}`.slice(0, 1000) }
    : { ...exact, proof: 'best-effort', source, reason: `${version} from ${from}; ${doubt}`.slice(0, 1000) };
}

/** One reason per touched package, from its state before the first stage. */
export function proofs(actions: PlanAction[], old: OldArtefacts, fault: string | undefined): ProofReason[] {
  const first = new Map<string, PlanAction>();
  for (const action of actions) {
    const key = `${action.name}:${action.arch}`;
    if (!first.has(key)) first.set(key, action);
  }
  return [...first.values()].map((action) => proofOf(action, old, fault));
}
