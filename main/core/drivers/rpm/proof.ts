/** Whether each touched package can be put back as it is: the rollback proof, and what it rests on. Pure. */
import type { ArtefactSource, PlanAction, ProofReason } from '../../../../shared/model/plan.ts';
import type { HeldArtefacts } from '../driver.ts';

/**
 * Packages that change their data when they are upgraded: going back to the old program does not bring the old data back.
 * The servers, not their clients and libraries. Names as Red Hat, Fedora, EPEL and the makers' own repositories have them.
 */
const MIGRATING = [
  /^postgresql\d*-server$/,
  /^(mysql|mariadb|percona|MariaDB)-(community-)?server(-[\w.-]+)?$/,
  /^(mongodb(-org)?(-server)?|couchdb|cassandra|influxdb2?|neo4j|elasticsearch|opensearch)$/,
  /^(redis|valkey|rabbitmq-server|etcd|consul|vault)$/,
  /^(389-ds-base|openldap-servers|samba|samba-dc|ipa-server|freeipa-server|krb5-server)$/,
  /^(dovecot|cyrus-imapd|exim|zarafa-server|kopano-server)$/,
  /^(gitlab-[ce]e|gitea|nextcloud|grafana|zabbix-server-\w+|jenkins|keycloak)$/,
];

export const migratesData = (name: string): boolean => MIGRATING.some((pattern) => pattern.test(name));

/** Where an old package is, in the order they are tried. Undefined: not there. */
export type OldArtefacts = {
  /** A file on the host that holds it. */
  file(name: string, arch: string, version: string): string | undefined;
  held: HeldArtefacts;
  /** The host's repository that still offers this version. */
  repository(name: string, arch: string, version: string): string | undefined;
};

function sourceOf(
  old: OldArtefacts,
  name: string,
  arch: string,
  version: string,
): { source: ArtefactSource; from: string } | undefined {
  const file = old.file(name, arch, version);
  if (file !== undefined) return { source: 'host', from: file };
  const held = old.held(name, arch, version);
  if (held?.source === 'console') return held;
  const repository = old.repository(name, arch, version);
  return repository === undefined ? held : { source: 'repository', from: `repository ${repository}` };
}

function proofOf(action: PlanAction, was: string, old: OldArtefacts, fault: string | undefined): ProofReason {
  const { name } = action;
  const version = action.from;
  if (version === undefined) {
    const base = { package: name, arch: action.arch };
    return fault === undefined
      ? { ...base, proof: 'proven', reason: 'new; it is removed again' }
      : { ...base, proof: 'best-effort', reason: `new; ${fault}`.slice(0, 1000) };
  }
  const base = { package: name, arch: was, version };
  const found = sourceOf(old, name, was, version);
  if (found === undefined) {
    return {
      ...base,
      proof: 'impossible',
      source: 'none',
      reason: `version ${version} is in no repository of this host and not in its cache`,
    };
  }
  const from = `${version} from ${found.from}`;
  if (migratesData(name)) {
    const reason = `${from}; it may migrate its data, which going back does not undo`;
    return { ...base, proof: 'best-effort', source: found.source, reason: reason.slice(0, 1000) };
  }
  return fault === undefined
    ? { ...base, proof: 'proven', source: found.source, reason: from.slice(0, 1000) }
    : { ...base, proof: 'best-effort', source: found.source, reason: `${from}; ${fault}`.slice(0, 1000) };
}

/**
 * One reason per touched package, from its state before the first stage. `archBefore`: the architecture its present version
 * has, which an update may change. `fault`: what stands in the way of the simulated way back, if anything does.
 */
export function proofs(
  actions: PlanAction[],
  archBefore: (action: PlanAction) => string,
  old: OldArtefacts,
  fault: string | undefined,
): ProofReason[] {
  const first = new Map<string, PlanAction>();
  for (const action of actions) {
    const key = `${action.name}:${action.arch}:${action.action === 'remove' ? action.from : ''}`;
    if (!first.has(key)) first.set(key, action);
  }
  return [...first.values()].map((action) => proofOf(action, archBefore(action), old, fault));
}
