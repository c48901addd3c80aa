/** The part of a store in memory that is about snapshots, and the bundles made of them. */
import type { BundledArtefact, BundleStore } from '../../main/core/bundles/ports.ts';
import type { StoredSignature } from '../../main/core/exchange/ports.ts';
import type { SnapshotLine, StoredFreeze } from '../../main/core/ports.ts';
import type { Promotion } from '../../shared/model/promotion.ts';
import type { Revision } from '../../shared/model/snapshot.ts';
import { byName, copy, fault, type Records, sameName } from './memoryRecords.ts';

export const snapshotMethods = (r: Records) => {
  const ofLine = (lineId: string): Revision[] =>
    [...r.revisions.values()].filter((revision) => revision.content.line.id === lineId);
  const view = (line: { id: string; name: string; headId: string }): SnapshotLine => ({
    ...line,
    revisions: ofLine(line.id).length,
    updatedAt: r.revisions.get(line.headId)?.content.createdAt ?? '',
  });
  const lines = (): SnapshotLine[] => [...r.lines.values()].sort(byName).map(view);
  const put = (revisions: Revision[], head: { lineId: string; name: string; revisionId: string }): void => {
    if ([...r.lines.values()].some((line) => line.id !== head.lineId && sameName(line.name, head.name)))
      throw fault('already-exists', `There is a snapshot named ${head.name} already.`);
    if (revisions.some((revision) => revision.content.line.id !== head.lineId))
      throw fault('state.conflict', 'A revision belongs to another snapshot.');
    const known = new Set([...ofLine(head.lineId), ...revisions].map((revision) => revision.id));
    if (!known.has(head.revisionId)) throw fault('not-found', 'The newest revision is not there.');
    for (const revision of revisions)
      if (!r.revisions.has(revision.id))
        r.revisions.set(revision.id, copy({ id: revision.id, content: revision.content }));
    r.lines.set(head.lineId, { id: head.lineId, name: head.name, headId: head.revisionId });
  };
  const putSignatures = (added: StoredSignature[]): void => {
    if (added.some((one) => !r.revisions.has(one.revisionId)))
      throw fault('not-found', 'The revision that was signed is not here.');
    for (const one of added)
      if (!r.signatures.some((o) => o.revisionId === one.revisionId && o.fingerprint === one.fingerprint))
        r.signatures.push(copy(one));
  };
  const revisions = (lineId: string): Revision[] =>
    copy(ofLine(lineId).toSorted((a, b) => b.content.number - a.content.number || (a.id < b.id ? 1 : -1)));
  return {
    lines,
    revisions,
    revisionIds: (lineId: string) =>
      revisions(lineId).map(({ id, content }) => ({ id, number: content.number })),
    line: (idOrName: string) =>
      lines().find((line) => line.id === idOrName) ?? lines().find((line) => sameName(line.name, idOrName)),
    revision: (id: string) => copy(r.revisions.get(id)),
    present: (ids: readonly string[]) => new Set(ids.filter((id) => r.revisions.has(id))),
    putRevisions: (
      revisions: Revision[],
      head: { lineId: string; name: string; revisionId: string; expectHead?: string | null },
      freezes: StoredFreeze[],
      signatures: StoredSignature[] = [],
    ): boolean => {
      if (head.expectHead !== undefined && (r.lines.get(head.lineId)?.headId ?? null) !== head.expectHead)
        return false;
      put(revisions, head);
      for (const freeze of freezes) r.freezes.set(freeze.revisionId, copy(freeze));
      putSignatures(signatures);
      return true;
    },
    signatures: (revisionId: string) => copy(r.signatures.filter((one) => one.revisionId === revisionId)),
    putSignatures,
    promotions: (revisionId: string) => copy(r.promotions.filter((one) => one.revisionId === revisionId)),
    putPromotion: (promotion: Promotion) => {
      if (!r.revisions.has(promotion.revisionId))
        throw fault('not-found', 'The revision that was promoted is not here.');
      r.promotions.push(copy(promotion));
    },
    freezes: () => copy([...r.freezes.values()]),
    thaw: (
      revisionId: string,
      thawed: { at: string; reason: string },
      revision: Revision,
      head: { lineId: string; name: string },
    ) => {
      const freeze = r.freezes.get(revisionId);
      if (freeze === undefined) throw fault('not-found', 'There is no freeze on this revision.');
      if (freeze.thawed !== undefined) throw fault('state.conflict', 'This freeze was lifted already.');
      put([revision], { ...head, revisionId: revision.id });
      r.freezes.set(revisionId, { ...freeze, thawed: copy(thawed) });
    },
    removeLine: (lineId: string) => {
      r.lines.delete(lineId);
      const own = new Set(ofLine(lineId).map((revision) => revision.id));
      r.signatures = r.signatures.filter((one) => !own.has(one.revisionId));
      r.promotions = r.promotions.filter((one) => !own.has(one.revisionId));
      r.bundled.delete(lineId);
      for (const revision of ofLine(lineId)) r.revisions.delete(revision.id);
      for (const freeze of r.freezes.values())
        if (freeze.lineId === lineId) r.freezes.delete(freeze.revisionId);
    },
  };
};

export const bundleMethods = (r: Records): BundleStore => {
  const text = (a: BundledArtefact): string =>
    [a.name, a.version, a.arch, a.ecosystem, a.role, a.sha256].join('\0');
  return {
    putBundled: (lineId, packages) => {
      if (!r.lines.has(lineId)) throw fault('internal', 'There is no such line.');
      const there = r.bundled.get(lineId) ?? new Map<string, BundledArtefact>();
      for (const { ecosystem, name, arch, version, sha256, role } of packages) {
        const one = { ecosystem, name, arch, version, sha256, role };
        there.set(text(one), one);
      }
      r.bundled.set(lineId, there);
    },
    bundled: (lineId) =>
      copy([...(r.bundled.get(lineId) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)),
    bundledVersions: () => [
      ...new Map(
        [...r.bundled.values()]
          .flatMap((some) => [...some.values()])
          .map(({ name, version }) => [`${name} ${version}`, { name, version }]),
      ).values(),
    ],
  };
};
