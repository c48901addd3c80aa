/** What the audit log must never hold, and that it holds every command that changes something. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withAudit } from '../../main/api/audit.ts';
import { auditDetail, auditReason } from '../../main/core/audit/scrub.ts';
import type { Store } from '../../main/core/ports.ts';
import { contract, type Handlers } from '../../shared/contract/contract.ts';
import { FrostFault, fail, frostError, ok } from '../../shared/errors.ts';
import { AuditLine } from '../../shared/model/audit.ts';
import { createMemoryStore } from '../support/memoryStore.ts';
import { collectingLog } from '../support/ports.ts';

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
  'guards.settle': 'tries again what freezes ask for; the freeze itself is logged',
  'advisories.begin': 'opens the way for a file; that it is taken in is logged',
  'advisories.put': 'a piece of such a file',
  'system.cancel': 'ends a scan or a simulation',
  'system.demoDismiss': 'a display setting',
};

/** Commands that change nothing and read hosts, as root where they can: one line when they are over. */
const READS = ['scans.run', 'plans.create'];

const rig = (handlers: Partial<Record<keyof Handlers, unknown>>) => {
  const memory = createMemoryStore();
  let full = false;
  const store: Store = {
    ...memory,
    appendAudit: (record) => {
      if (full)
        throw new FrostFault(
          frostError('store.full', 'The disk is full.', { hint: 'Free some space and try again.' }),
        );
      return memory.appendAudit(record);
    },
  };
  const audited = withAudit(handlers as Handlers, {
    store,
    clock: { now: () => 0, wait: async () => true },
    log: collectingLog(),
    user: 'anna',
  }) as unknown as Record<string, (input: unknown, caller: unknown) => Promise<unknown>>;
  const call = (name: string, input: unknown) =>
    audited[name]?.(input, { signal: new AbortController().signal, actor: 'cli' });
  return {
    call,
    last: () => store.audit({ limit: 1 })[0],
    lines: () => store.audit({ limit: 100 }).toReversed(),
    fill: (now: boolean) => {
      full = now;
    },
  };
};

describe('the log of commands', () => {
  const commands = Object.entries(contract).flatMap(([group, procedures]) =>
    Object.entries(procedures).flatMap(([name, one]) =>
      one.kind === 'command' ? [{ full: `${group}.${name}`, audit: one.audit }] : [],
    ),
  );

  it('has every command but those that leave no trace', () => {
    const of = (kind: string) => commands.filter((one) => one.audit === kind).map((one) => one.full);
    expect(of('none')).toEqual(commands.map((one) => one.full).filter((full) => full in NOT_AUDITED));
    expect(of('read').sort()).toEqual(READS.toSorted());
  });

  const who = (action: string) => ({
    at: '1970-01-01T00:00:00.000Z',
    actor: 'cli',
    account: 'anna',
    action,
    detail: '{"ref":"november"}',
  });

  it.each(commands.filter((one) => one.audit === 'change').map((one) => one.full))(
    '%s: who, what, when; before it runs, and when it is over',
    async (full) => {
      let before: unknown;
      const { call, lines } = rig({
        [full]: () => {
          before = lines();
          return ok({});
        },
      });
      await call(full, { ref: 'november' });
      expect(before).toMatchObject([{ ...who(full), seq: 1, outcome: 'begun' }]);
      expect(lines()).toMatchObject([
        { ...who(full), seq: 1, outcome: 'begun' },
        { ...who(full), seq: 2, outcome: 'done', begun: 1 },
      ]);
      expect(lines()[0]).not.toHaveProperty('begun');
    },
  );

  it.each(READS)('%s: one line when it is over', async (full) => {
    const { call, lines } = rig({ [full]: () => ok({}) });
    await call(full, { ref: 'november' });
    expect(lines()).toMatchObject([{ ...who(full), outcome: 'done' }]);
    expect(lines()[0]).not.toHaveProperty('begun');
  });

  it('how many hosts were read, and how many could not be', async () => {
    const plan = {
      hash: HASH,
      snapshot: { name: 'november', revision: 3, id: OTHER },
      hosts: [
        { state: 'ready' },
        { state: 'refused' },
        { state: 'compliant' },
        { state: 'failed' },
        { state: 'unreachable' },
      ],
    };
    const { call, lines } = rig({
      'scans.run': () => ok({ scans: [{ ok: true }, { ok: false }, { ok: true }] }),
      'plans.create': () => ok({ plan }),
    });
    await call('scans.run', { selectors: ['tag=web'] });
    await call('plans.create', { snapshot: 'november', selectors: ['all'] });
    expect(lines()).toMatchObject([
      { detail: '{"selectors":["tag=web"]}', counts: { hosts: 3, failed: 1 } },
      { counts: { hosts: 5, failed: 2 }, plan: HASH, revisions: [OTHER] },
    ]);
    expect(lines().every((line) => AuditLine.safeParse(line).success)).toBe(true);
  });

  it('commands that run side by side: each outcome names its own beginning', async () => {
    const gate = Promise.withResolvers<void>();
    const { call, lines } = rig({
      'hosts.add': async () => {
        await gate.promise;
        return ok({});
      },
      'hosts.remove': () => fail('not-found', 'no'),
    });
    const slow = call('hosts.add', {});
    await call('hosts.remove', {});
    gate.resolve();
    await slow;
    expect(lines().map(({ action, outcome, begun }) => [action, outcome, begun])).toEqual([
      ['hosts.add', 'begun', undefined],
      ['hosts.remove', 'begun', undefined],
      ['hosts.remove', 'not-found', 2],
      ['hosts.add', 'done', 1],
    ]);
  });

  it('a command whose first line cannot be written does not run', async () => {
    let ran = 0;
    const { call, lines, fill } = rig({
      'hosts.add': () => {
        ran += 1;
        return ok({});
      },
    });
    fill(true);
    await expect(call('hosts.add', {})).rejects.toMatchObject({
      error: {
        code: 'store.full',
        message: expect.stringContaining('hosts.add was not done'),
        hint: 'Free some space and try again.',
      },
    });
    fill(false);
    expect({ ran, lines: lines() }).toEqual({ ran: 0, lines: [] });
  });

  it('an outcome that cannot be written is told to its caller, and written before anything else is done', async () => {
    let ran = 0;
    const { call, lines, fill } = rig({
      'hosts.add': () => {
        fill(true);
        return ok({ host: 1 });
      },
      'hosts.remove': () => ok({}),
      'scans.run': () => {
        ran += 1;
        return ok({});
      },
    });
    expect(await call('hosts.add', {})).toEqual(ok({ host: 1 }));
    expect(lines()).toMatchObject([{ outcome: 'begun' }]);
    await expect(call('scans.run', {})).rejects.toMatchObject({ error: { code: 'store.full' } });
    expect(ran).toBe(0);
    fill(false);
    await call('hosts.remove', {});
    expect(lines().map(({ action, outcome, begun }) => [action, outcome, begun])).toEqual([
      ['hosts.add', 'begun', undefined],
      ['hosts.add', 'done', 1],
      ['hosts.remove', 'begun', undefined],
      ['hosts.remove', 'done', 3],
    ]);
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
