/** Whether each touched package can be put back as it is: the rollback proof, and what it rests on. Pure. */
import type { PlanAction, ProofReason } from '../../../../shared/model/plan.ts';
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
  /** A file on the host that holds it. */
  file(name: string, version: string): string | undefined;
  /** dpkg-repack is there: it makes a package again from the installed files, edited configuration baked in. */
  repack: boolean;
};

function proofOf(action: PlanAction, old: OldArtefacts, fault: string | undefined): ProofReason {
  const { name: pkg } = action;
  if (action.action === 'install') {
    return fault === undefined
      ? { package: pkg, proof: 'proven', reason: 'new; it is removed again' }
      : { package: pkg, proof: 'best-effort', reason: `new; ${fault}`.slice(0, 1000) };
  }
  const version = action.from ?? '';
  const file = old.file(pkg, version);
  const repository = old.repository(pkg, action.arch, version);
  if (file === undefined && repository === undefined) {
    if (old.repack) {
      return {
        package: pkg,
        proof: 'best-effort',
        reason: `version ${version} is in no repository of this host; it is packed again from its installed files`,
      };
    }
    return {
      package: pkg,
      proof: 'impossible',
      reason: `version ${version} is in no repository of this host and not in its cache`,
    };
  }
  const source = file ?? repository ?? '';
  if (migratesData(pkg)) {
    return {
      package: pkg,
      proof: 'best-effort',
      reason: `${version} from ${source}; it may migrate its data, which going back does not undo`.slice(
        0,
        1000,
      ),
    };
  }
  return fault === undefined
    ? { package: pkg, proof: 'proven', reason: `${version} from ${source}`.slice(0, 1000) }
    : { package: pkg, proof: 'best-effort', reason: `${version} from ${source}; ${fault}`.slice(0, 1000) };
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
