/** What the console's store means for plans and tasks: brought before a mutation, taken in after a capture, never in the way. */
import { beforeEach, describe, expect, test } from 'vitest';
import { artefactFile } from '../../../main/core/drivers/apt/capture.ts';
import type { CommandOutput } from '../../../main/core/ports.ts';
import { ok } from '../../../shared/errors.ts';
import type { ProofReason } from '../../../shared/model/plan.ts';
import type { Capture } from '../../../shared/model/run.ts';
import { createMemoryArtefacts, type MemoryArtefacts } from '../../support/memoryArtefacts.ts';
import { TestConsole } from '../runs/console.ts';
import { createRig, type Rig, sha256 } from './rig.ts';

const OLD = { ecosystem: 'apt', name: 'nginx', arch: 'amd64', version: '1' } as const;
const GOOD = Buffer.from('the old nginx');
const GONE = 'no repository of this host offers 1 any more';

/** One host whose nginx 1 no repository has; its real files stand in a folder. */
const createSite = () => {
  const admin = new TestConsole();
  admin.fleetOf(1);
  const pool = createMemoryArtefacts();
  admin.ports.artefacts = pool;
  const rig = createRig();
  const { driver, transport } = admin.fleet;
  const site = {
    admin,
    pool,
    rig,
    /** What the host says it has put aside, or not. By default: what lies in the job's folder and is right. */
    state: 'missing' as 'missing' | 'cached' | 'repacked',
    captures: 0,
  };
  const run: typeof transport.run = (route, spec, options) =>
    spec.script.startsWith('op ') || !spec.script.includes('fl_main')
      ? transport.run(route, spec, options)
      : rig.ask(spec, options);
  admin.ports.transport = { ...transport, run };
  driver.artefactFile = artefactFile;
  const capture = driver.parseCapture;
  let token = '';
  const captureCommand = driver.capture;
  driver.capture = (o) => {
    token = o.token;
    return captureCommand(o);
  };
  driver.parseCapture = (output: CommandOutput, context) => {
    const taken = capture(output, context);
    site.captures += 1;
    return taken.ok ? ok({ ...taken.value, ...asideOf(rig, token, site.state) }) : taken;
  };
  const parse = driver.parseSimulation;
  driver.parseSimulation = (output, context) => {
    const read = parse(output, context);
    const held = context.held?.(OLD.name, OLD.arch, OLD.version);
    const nginx: ProofReason =
      site.state === 'cached'
        ? {
            package: 'nginx',
            arch: 'amd64',
            version: '1',
            source: 'host',
            proof: 'proven',
            reason: 'in its cache',
          }
        : held !== undefined
          ? {
              package: 'nginx',
              arch: 'amd64',
              version: '1',
              source: held.source,
              proof: 'proven',
              reason: held.from,
            }
          : {
              package: 'nginx',
              arch: 'amd64',
              version: '1',
              source: 'none',
              proof: 'impossible',
              reason: 'nowhere',
            };
    return read.ok
      ? ok({ ...read.value, proof: read.value.proof.map((one) => (one.package === 'nginx' ? nginx : one)) })
      : read;
  };
  return site;
};

const asideOf = (rig: Rig, token: string, state: string): Pick<Capture, 'secured' | 'unsecured'> => {
  const old = { name: 'nginx', arch: 'amd64', version: '1' };
  const folder = `var/lib/frostline/jobs/${token}/old`;
  const there = rig.read(`${folder}/${artefactFile(old)}`);
  const row = (content: Uint8Array, path: string, source: 'host' | 'repack') => ({
    ...old,
    path,
    sha256: sha256(content),
    bytes: content.length,
    source,
    offered: false,
  });
  if (there !== undefined && sha256(there) === sha256(GOOD))
    return { secured: [row(GOOD, rig.file(`${folder}/${artefactFile(old)}`), 'host')], unsecured: [] };
  if (state === 'cached') {
    const path = rig.put('var/cache/nginx.deb', GOOD);
    return { secured: [row(GOOD, path, 'host')], unsecured: [] };
  }
  if (state === 'repacked')
    return { secured: [row(Buffer.from('made again'), '/x', 'repack')], unsecured: [] };
  return { secured: [], unsecured: [{ ...old, reason: GONE, offered: false }] };
};

let site: ReturnType<typeof createSite>;
let pool: MemoryArtefacts;
let admin: TestConsole;
beforeEach(() => {
  site = createSite();
  ({ pool, admin } = site);
});
const captured = (id: string) => admin.ports.store.capture(id, admin.fleet.host('h1').host.id);
const lines = (id: string) =>
  admin.events(id).flatMap((event) => (event.type === 'task.output' ? [event.line] : []));
const cleanUps = () => admin.fleet.host('h1').commands.get('cleanUp') ?? 0;

describe('an old version that only the store has', () => {
  test('makes the plan proven, and is brought to the host before anything changes', async () => {
    pool.put(OLD, GOOD, 'host', 'web-9');
    const plan = await admin.plan({ requireProof: true });
    expect(plan.hosts[0]).toMatchObject({ state: 'ready', proof: 'proven' });
    expect(plan.hosts[0]?.reasons).toContainEqual(
      expect.objectContaining({ package: 'nginx', source: 'console', reason: 'web-9' }),
    );
    const id = await admin.start({ requireProof: true });
    expect((await admin.finish(id)).tasks[0]).toMatchObject({ state: 'succeeded', proof: 'proven' });
    expect(captured(id)).toMatchObject({ secured: [{ name: 'nginx', source: 'console' }], unsecured: [] });
    expect(site.captures).toBe(2);
  });

  test('of two copies, the one that the host finds to be its package counts', async () => {
    pool.put(OLD, Buffer.from('built elsewhere'));
    pool.put(OLD, GOOD);
    const id = await admin.start({ requireProof: true });
    expect((await admin.finish(id)).tasks[0]).toMatchObject({ state: 'succeeded' });
    expect(captured(id)?.secured).toMatchObject([{ sha256: sha256(GOOD), source: 'console' }]);
    expect(site.captures).toBe(3);
  });

  test('is not counted on where its file is damaged; the plan names it', async () => {
    const { sha256: hash } = pool.put(OLD, GOOD);
    pool.files.set(hash, Buffer.from('x'));
    const plan = await admin.plan({});
    expect(plan.hosts[0]).toMatchObject({ state: 'ready', proof: 'impossible' });
    expect(plan.hosts[0]?.reasons.find((one) => one.package === 'nginx')?.reason).toContain('damaged');
    expect((await admin.plan({ requireProof: true })).hosts[0]).toMatchObject({
      state: 'refused',
      refusals: [{ code: 'proof.insufficient' }],
    });
  });

  test('replaces what was only packed again', async () => {
    pool.put(OLD, GOOD);
    site.state = 'repacked';
    const id = await admin.start({ requireProof: true });
    expect((await admin.finish(id)).tasks[0]).toMatchObject({ state: 'succeeded', proof: 'proven' });
    expect(captured(id)?.secured).toMatchObject([{ sha256: sha256(GOOD), source: 'console' }]);
  });
});

describe('a way back that is weaker than was approved', () => {
  test('with --require-proof the host is refused at its capture, too, and nothing is left on it', async () => {
    pool.put(OLD, Buffer.from('not what the host has'));
    const id = await admin.start({ requireProof: true });
    const [task] = (await admin.finish(id)).tasks;
    expect(task).toMatchObject({
      state: 'refused',
      error: { code: 'proof.insufficient', packages: ['nginx'] },
    });
    expect(task?.error?.message).toContain(GONE);
    expect(admin.versions('h1')).toMatchObject({ nginx: '1', curl: '1' });
    expect(cleanUps()).toBe(1);
  });

  test('without it the task stops as drifted: nobody has approved that', async () => {
    pool.put(OLD, Buffer.from('not what the host has'));
    const id = await admin.start({});
    const [task] = (await admin.finish(id)).tasks;
    expect(task).toMatchObject({ state: 'failed', error: { code: 'plan.drifted', packages: ['nginx'] } });
    expect(admin.versions('h1')).toMatchObject({ nginx: '1' });
    expect(cleanUps()).toBe(1);
  });

  test('one that the plan called impossible was approved so, and goes on', async () => {
    const id = await admin.start({});
    expect((await admin.finish(id)).tasks[0]).toMatchObject({ state: 'succeeded', proof: 'impossible' });
    expect(captured(id)?.unsecured).toMatchObject([{ name: 'nginx', reason: GONE }]);
  });
});

describe('what a host has put aside and no repository has', () => {
  beforeEach(() => {
    site.state = 'cached';
  });

  test('is taken into the store, once', async () => {
    const id = await admin.start({});
    await admin.finish(id);
    expect(pool.entries).toMatchObject([{ ...OLD, sha256: sha256(GOOD), source: 'host', from: 'h1' }]);
    expect(lines(id).filter((line) => line.includes('not kept'))).toEqual([]);
  });

  test.each([
    ['the disk of the console is full', () => (pool.room = 3), 'disk of this machine is full'],
    ['the file is too large', () => admin.ports.store.putSetting('artefacts.max-file', '3'), 'of one file'],
    ['the store is full', () => admin.ports.store.putSetting('artefacts.max-pool', '3'), 'full'],
    [
      'the line is cut for good',
      () => site.rig.cuts.push(...Array.from({ length: 9 }, () => ({ before: true }) as const)),
      'reset by peer',
    ],
  ])('where %s the task goes on, and says so', async (_what, spoil, words) => {
    spoil();
    const id = await admin.start({ requireProof: true });
    expect((await admin.finish(id)).tasks[0]).toMatchObject({ state: 'succeeded', proof: 'proven' });
    expect(pool.entries).toEqual([]);
    expect(lines(id)).toContainEqual(expect.stringMatching(`nginx 1 is not kept on the console: .*${words}`));
  });
});
