/** Rollback proof in words: what is proven and where the old versions come from, what is not and why. */
import type { ArtefactSource, HostPlan, Plan, Proof, ProofReason } from '../../../shared/model/plan.ts';
import { count, names, type Paint, safe } from './terminal.ts';

const FROM: Record<ArtefactSource, string> = {
  host: "the host's own cache",
  console: 'the console store',
  repository: 'the repository',
  archive: 'the archive',
  repack: 'a repack on the host',
  none: 'nowhere',
};

/** `12 from the repository, 3 from the console store, 2 more`: packages that are only removed again come from nowhere. */
const bySource = (reasons: readonly ProofReason[]): string[] => {
  const sources = Map.groupBy(reasons, (reason) => reason.source);
  const bare = sources.get(undefined)?.length ?? 0;
  const found = [...sources]
    .flatMap(([source, { length }]) => (source === undefined ? [] : [{ source, length }]))
    .sort((a, b) => b.length - a.length)
    .map(({ source, length }) => `${length} from ${FROM[source]}`);
  if (bare === 0) return found;
  return [...found, found.length === 0 ? count(bare, 'package') : `${bare} more`];
};

const packageOf = (reason: ProofReason): string =>
  reason.package === undefined
    ? ''
    : `${reason.package}${reason.arch === undefined ? '' : `:${reason.arch}`}${reason.version === undefined ? '' : ` ${reason.version}`}: `;

/** For one host: a line for each package that is not proven, and one for those that are. */
export const proofLines = (host: HostPlan, p: Paint): string[] => {
  const proven = host.reasons.filter((reason) => reason.proof === 'proven');
  return [
    ...host.reasons
      .filter((reason) => reason.proof !== 'proven')
      .map((reason) => `${p.yellow(`rollback ${reason.proof}`)}: ${packageOf(reason)}${safe(reason.reason)}`),
    ...(proven.length === 0 ? [] : [`rollback proven: ${bySource(proven).join(', ')}`]),
  ];
};

const PROOFS: readonly Proof[] = ['proven', 'best-effort', 'impossible'];

/** For all hosts that will be changed, in one line. */
export const proofSummary = (plan: Plan, p: Paint): string => {
  const ready = plan.hosts.filter((host) => host.state === 'ready');
  const parts = PROOFS.flatMap((proof) => {
    const hosts = ready.filter((host) => host.proof === proof).map((host) => host.host);
    if (hosts.length === 0) return [];
    const text = `${proof} on ${count(hosts.length, 'host')}`;
    return [proof === 'proven' ? text : p.yellow(`${text} (${names(hosts)})`)];
  });
  const proven = ready.flatMap((host) => host.reasons.filter((reason) => reason.proof === 'proven'));
  const where = proven.length === 0 ? '' : `; proven: ${bySource(proven).join(', ')}`;
  const required = plan.parameters.requireProof ? ' (proof is required)' : '';
  return `rollback ${parts.join(', ')}${required}${where}`;
};
