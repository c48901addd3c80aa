import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../main/core/advisories/describe.ts';
import type { AffectedRow } from '../../../main/core/advisories/ports.ts';
import { mended, open, type Subject } from '../../../main/core/advisories/verdict.ts';

const row = (change: Partial<AffectedRow> = {}): AffectedRow => ({
  ecosystem: 'apt',
  distro: 'debian',
  release: '12',
  name: 'openssl',
  kind: 'source',
  fixed: '3.0.15-1~deb12u1',
  id: 'DSA-5764-1',
  format: 'osv',
  severity: 'important',
  cves: ['CVE-2026-6119'],
  asOf: '2026-11-01T00:00:00.000Z',
  ...change,
});

const libssl: Subject = {
  ecosystem: 'apt',
  distro: 'debian',
  release: '12',
  name: 'libssl3',
  arch: 'amd64',
  source: 'openssl',
};
const OLD = '3.0.14-1~deb12u2';
const NEW = '3.0.15-1~deb12u1';
const faults = (rows: AffectedRow[], subject: Subject, version: string, sourceVersion?: string) =>
  open(rows, subject, { version, sourceVersion }, compareVersions).cves;

describe('what imported data says about a version', () => {
  it('goes by the source package, before the version that mends it', () => {
    expect(faults([row()], libssl, OLD)).toEqual(['CVE-2026-6119']);
    expect(faults([row()], libssl, NEW)).toEqual([]);
    expect(faults([row()], { ...libssl, source: undefined }, OLD)).toEqual([]);
  });

  it('compares the source’s version where the binary has another, and takes a rebuild for what it is', () => {
    expect(faults([row()], libssl, '1:9.9-1', OLD)).toEqual(['CVE-2026-6119']);
    expect(faults([row({ fixed: '3.0-1' })], libssl, '3.0-1+b2')).toEqual([]);
  });

  it('holds for its distribution and release only, minor releases included', () => {
    expect(faults([row()], { ...libssl, release: '13' }, OLD)).toEqual([]);
    expect(faults([row()], { ...libssl, distro: 'ubuntu' }, OLD)).toEqual([]);
    expect(faults([row({ release: '1' })], libssl, OLD)).toEqual([]);
    const el = { ...libssl, ecosystem: 'dnf', distro: 'rocky', release: '9.4' } as const;
    const update = row({
      ecosystem: 'dnf',
      release: '9',
      kind: 'binary',
      name: 'libssl3',
      fixed: '3.0.7-28.el9_4',
    });
    const { distro: _, ...anywhere } = update;
    expect(faults([anywhere], el, '3.0.7-27.el9')).toEqual(['CVE-2026-6119']);
    expect(faults([anywhere], el, '3.0.7-28.el9_4')).toEqual([]);
  });

  it('goes by a code name where the data does', () => {
    const sid = { ...libssl, release: 'forky/sid', codename: 'sid' };
    expect(faults([row({ release: 'sid' })], sid, OLD)).toEqual(['CVE-2026-6119']);
  });

  it('knows stretches of versions, and faults that nothing mends yet', () => {
    const { fixed: _, ...never } = row();
    expect(faults([never], libssl, '99')).toEqual(['CVE-2026-6119']);
    expect(faults([{ ...never, lastAffected: '3.0.14-9' }], libssl, '3.0.15-1')).toEqual([]);
    expect(faults([row({ introduced: '3.0.15-0' })], libssl, OLD)).toEqual([]);
  });

  it('says what an update mends: what was wrong and no longer is', () => {
    const later = row({ id: 'DSA-2', cves: ['CVE-2026-9'], severity: 'critical', fixed: '3.0.16-1' });
    const verdict = (from: string | null, to: string) =>
      mended(
        [row(), later],
        libssl,
        from === null ? null : { version: from },
        { version: to },
        compareVersions,
      );
    expect(verdict(OLD, NEW)).toMatchObject({ advisories: ['DSA-5764-1'], severity: 'important' });
    expect(verdict(OLD, '3.0.16-1')).toMatchObject({
      severity: 'critical',
      cves: ['CVE-2026-6119', 'CVE-2026-9'],
    });
    expect(verdict(NEW, NEW).advisories).toEqual([]);
    expect(verdict(null, NEW).advisories).toEqual([]);
  });

  it('shows how old the newest of the data is that decided', () => {
    const mild = row({ id: 'DSA-2', asOf: '2026-11-20T00:00:00.000Z', format: 'usn', severity: 'low' });
    expect(open([mild, row()], libssl, { version: OLD }, compareVersions).ground?.source).toBe('osv');
    const older = row({ id: 'DSA-0', asOf: '2025-01-01T00:00:00.000Z', format: 'usn' });
    expect(open([older, row()], libssl, { version: OLD }, compareVersions).ground).toEqual({
      source: 'osv',
      asOf: '2026-11-01T00:00:00.000Z',
    });
    expect(open([], libssl, { version: OLD }, compareVersions)).not.toHaveProperty('ground');
  });
});
