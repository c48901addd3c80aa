/** What the audit log must never hold, and that it holds every command that changes something. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withAudit } from '../../main/api/audit.ts';
import { auditDetail, auditReason } from '../../main/core/audit/scrub.ts';
import { contract, type Handlers } from '../../shared/contract/contract.ts';
import { fail, ok } from '../../shared/errors.ts';
import { AuditLine } from '../../shared/model/audit.ts';
import { createMemoryStore } from '../support/memoryStore.ts';

const SECRET = 'hunter2-correct-horse';
const HASH = `sha256:${'ab'.repeat(32)}`;
const OTHER = `sha256:${'cd'.repeat(32)}`;
const RUN = '00000000-0000-4000-8000-000000000007';

describe('secrets', () => {
  it.each([
    ['of a host', { host: { name: 'h1', secrets: { password: SECRET, sudoPassword: SECRET } } }],
    ['of the vault', { passphrase: SECRET }],
    ['under names that end like one', { newPassphrase: SECRET, sudo_password: SECRET, apiToken: SECRET }],
    ['an age identity', { identity: SECRET, identities: [SECRET] }],
    ['a private key by its name', { privateKey: SECRET, key: SECRET }],
    [
      'a private key under any name',
      { note: `-----BEGIN OPENSSH PRIVATE KEY-----\n${SECRET}\n-----END OPENSSH PRIVATE KEY-----` },
    ],
    ['an age key under any name', { text: `AGE-SECRET-KEY-1${SECRET}` }],
    ['in an address', { address: `https://anna:${SECRET}@archive.example/debian` }],
    ['in a command line', { before: `mysqldump --password=${SECRET} all` }],
    ['in words', { reason: `the new password: "${SECRET}"` }],
    ['in a file', { text: `${'x'.repeat(600)}${SECRET}` }],
    ['deep down', { a: [{ b: { c: [{ password: SECRET }] } }] }],
  ])('%s are not written down', (_, input) => {
    expect(auditDetail(input)).not.toContain(SECRET);
    expect(auditReason(input) ?? '').not.toContain(SECRET);
  });

  it('leave the rest readable', () => {
    expect(
      auditDetail({
        host: { name: 'h1', auth: { kind: 'key', keyFile: '~/.ssh/id' }, secrets: { password: SECRET } },
        tags: { role: 'web' },
      }),
    ).toBe(
      '{"host":{"name":"h1","auth":{"kind":"key","keyFile":"~/.ssh/id"},"secrets":"(secret)"},"tags":{"role":"web"}}',
    );
  });

  it('whatever is given, the detail is short text that is valid Unicode', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const detail = auditDetail({ input: typeof input === 'bigint' ? 0 : JSON.stringify(input) });
        expect(detail.length).toBeLessThanOrEqual(4000);
        expect(detail.isWellFormed()).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(auditDetail({ many: Array.from({ length: 900 }, () => '💣') }).isWellFormed()).toBe(true);
  });
});

/** Commands that leave no trace worth keeping, with the reason. */
const NOT_AUDITED: Record<string, string> = {
  'scans.run': 'reads; its results are kept as scans, with their times',
  'guards.settle': 'tries again what freezes ask for; the freeze itself is logged',
  'advisories.begin': 'opens the way for a file; that it is taken in is logged',
  'advisories.put': 'a piece of such a file',
  'plans.create': 'simulates; the plan is kept, and the run that uses it is logged with its hash',
  'system.cancel': 'ends a scan or a simulation',
  'system.demoDismiss': 'a display setting',
};

const rig = (handlers: Partial<Record<keyof Handlers, unknown>>) => {
  const store = createMemoryStore();
  const audited = withAudit(handlers as Handlers, {
    store,
    clock: { now: () => 0, wait: async () => true },
    user: 'anna',
  }) as unknown as Record<string, (input: unknown, caller: unknown) => Promise<unknown>>;
  const call = (name: string, input: unknown) =>
    audited[name]?.(input, { signal: new AbortController().signal, actor: 'cli' });
  return { call, last: () => store.audit({ limit: 1 })[0] };
};

describe('the log of commands', () => {
  const commands = Object.entries(contract).flatMap(([group, procedures]) =>
    Object.entries(procedures).flatMap(([name, one]) =>
      one.kind === 'command' ? [{ full: `${group}.${name}`, audit: one.audit }] : [],
    ),
  );

  it('has every command but those that change nothing', () => {
    expect(commands.filter((one) => !one.audit).map((one) => one.full)).toEqual(
      commands.map((one) => one.full).filter((full) => full in NOT_AUDITED),
    );
  });

  it.each(commands.filter((one) => one.audit).map((one) => one.full))('%s: who, what, when', async (full) => {
    const { call, last } = rig({ [full]: () => ok({}) });
    await call(full, { ref: 'november' });
    expect(last()).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      actor: 'cli',
      account: 'anna',
      action: full,
      outcome: 'done',
      detail: '{"ref":"november"}',
    });
  });

  it('why, where a reason was given', async () => {
    const { call, last } = rig({ 'snapshots.thaw': () => ok({}) });
    await call('snapshots.thaw', { ref: 'november', reason: 'CVE-2026-1\u0007 will not wait' });
    expect(last()?.reason).toBe('CVE-2026-1  will not wait');
  });

  it('the plan’s hash, the run and the revision of a run', async () => {
    const run = { id: RUN, planHash: HASH, snapshot: { name: 'november', revision: 3, id: OTHER } };
    const { call, last } = rig({ 'runs.start': () => ok({ run }), 'runs.abort': () => ok({ run }) });
    for (const name of ['runs.start', 'runs.abort']) {
      await call(name, { planId: RUN, id: RUN });
      expect(last()).toMatchObject({ action: name, plan: HASH, run: RUN, revisions: [OTHER] });
    }
  });

  it('what was refused too, with the code and with what was asked for', async () => {
    const { call, last } = rig({
      'runs.start': () => fail('plan.drifted', 'no'),
      'runs.abort': () => fail('not-found', 'no'),
    });
    await call('runs.start', { planId: RUN, hash: HASH });
    expect(last()).toMatchObject({ outcome: 'plan.drifted', plan: HASH });
    await call('runs.abort', { id: RUN, reason: 'too late' });
    expect(last()).toMatchObject({ outcome: 'not-found', run: RUN, reason: 'too late' });
  });

  it('the revisions that were made or brought in', async () => {
    const { call, last } = rig({
      'snapshots.edit': () => ok({ snapshot: { id: HASH } }),
      'snapshots.import': () => ok({ snapshot: { id: HASH }, revisions: [{ id: HASH }, { id: OTHER }] }),
    });
    await call('snapshots.edit', { ref: 'november', expect: OTHER });
    expect(last()?.revisions).toEqual([HASH, OTHER]);
    await call('snapshots.import', { text: 'x' });
    expect(last()?.revisions).toEqual([HASH, OTHER]);
  });

  it('holds lines that fit the model, whatever a caller names itself', async () => {
    const { call, last } = rig({ 'hosts.add': () => ok({}) });
    await call('hosts.add', { reason: '\ud800', message: 7 });
    expect(AuditLine.safeParse(last()).success).toBe(true);
  });
});
