/** Making a bundle through hosts, writing it, and what an increment leaves out. The hosts are played; disk and pool are real. */
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { PackageDriver, Simulation } from '../../../main/core/drivers/driver.ts';
import type { Ports, Transport } from '../../../main/core/ports.ts';
import { hostTools } from '../../../main/core/runs/tools.ts';
import { fail, frostError, ok } from '../../../shared/errors.ts';
import type { BundleManifest } from '../../../shared/model/bundle.ts';
import { makeFacts, makeHost, makeScan } from '../fleet/make.ts';
import { bad, good } from '../snapshots/support.ts';
import { caller, createConsole, read, sha256 } from './support.ts';

type Package = { name: string; from?: string; to: string };
/** What a host holds, by the name of the file. */
type Played = {
  /** Where the host says that a file can be had: its address, by its name. */
  located?: Record<string, string>;
  actions: Package[];
  cached: Record<string, string>;
  secured: Record<string, string>;
};

const nothingSaid: Simulation = {
  actions: [],
  bytes: { download: 0, disk: 0, available: 0, short: [] },
  reboot: false,
  proof: [],
  refusals: [],
  broken: [],
  lock: { held: false },
  mounts: [],
  bootId: '',
  installed: [],
};

/** A console whose hosts answer as they are told; `log` has what they were asked, `cut` loses connections in transfers. */
const connected = (hosts: Record<string, Played>, o: { refused?: string } = {}) => {
  const log: string[] = [];
  const state = { cut: Number.POSITIVE_INFINITY };
  /** What servers have, by address. */
  const served: Record<string, string> = {};
  const downloads: Ports['downloads'] = {
    fetch: async ({ url, offset }, take, contact) => {
      contact(new URL(url).origin);
      log.push(`fetch ${url} from ${offset}`);
      const content = served[url];
      if (content === undefined) return fail('host.repository', 'the repository answers 404');
      take(new TextEncoder().encode(content.slice(offset, offset + state.cut)));
      return ok(undefined);
    },
  };
  const answer = (stdout = '') => ok({ stdout, stderr: '', exitCode: 0 });
  let at: Played | undefined;
  const spec = (script: string) => ({ script, root: true, timeoutMs: 1, maxOutputBytes: 1 });
  const driver: PackageDriver = {
    ...(hostTools.driverFor('apt') as PackageDriver),
    select: () => ({ stages: [{ stage: 1, packages: [] }], skipped: [] }),
    simulate: () => spec('simulate'),
    parseSimulation: () =>
      ok({
        ...nothingSaid,
        actions: (at?.actions ?? []).map(({ name, from, to }) => ({
          action: from === undefined ? 'install' : 'upgrade',
          name,
          arch: 'amd64',
          ...(from !== undefined && { from }),
          to,
          stage: 1,
          dependency: from === undefined,
        })),
        proof: (at?.actions ?? []).flatMap(({ name, from }) =>
          from === undefined
            ? []
            : [
                {
                  package: name,
                  arch: 'amd64',
                  version: from,
                  proof: 'proven',
                  source: 'repository',
                  reason: '',
                },
              ],
        ),
        refusals: o.refused === undefined ? [] : [{ code: 'host.dependency-conflict', message: o.refused }],
      }),
    locate: () => spec('locate'),
    parseLocations: () =>
      ok(
        Object.entries(at?.located ?? {}).map(([file, url]) => {
          const [name = '', version = ''] = file.split('_');
          const content = at?.cached[file] ?? '';
          return { name, arch: 'amd64', version, url, bytes: content.length, sha256: sha256(content) };
        }),
      ),
    stage: () => spec('stage'),
    parseStage: () => ok({ downloadedBytes: 1 }),
    capture: ({ actions }) => spec(`capture ${actions.map((one) => one.name).join(' ')}`),
    parseCapture: () =>
      ok({
        packages: [],
        unsecured: [],
        secured: Object.entries(at?.secured ?? {}).map(([file, content]) => {
          const [name = '', version = ''] = file.split('_');
          return {
            name,
            arch: 'amd64',
            version,
            path: `/old/${file}`,
            sha256: sha256(content),
            source: 'host' as const,
            bytes: content.length,
            offered: false,
          };
        }),
      }),
    cleanUp: () => spec('clean'),
  };
  const transport: Transport = {
    probeKey: async () => fail('internal', 'not asked'),
    release: () => undefined,
    run: async ({ host }, { script }, options) => {
      at = hosts[host.name];
      if (at === undefined) return { ok: false, error: frostError('host.unreachable', 'no route') };
      const nonce = /N=([0-9a-f]+)/.exec(script)?.[1];
      if (nonce === undefined) {
        log.push(`${host.name} ${script}`);
        return answer();
      }
      const found = { ...at.cached, ...at.secured };
      if (script.includes('fl_seek')) {
        log.push(`${host.name} seek`);
        const lines = [...script.matchAll(/^fl_seek (\d+) '?([^'\n]+)'?$/gm)].flatMap(
          ([, index, file = '']) => {
            const content = at?.cached[file];
            return content === undefined
              ? []
              : [`${index}\t${content.length}\t${sha256(content)}\t/cache/${file}`];
          },
        );
        return answer(
          `@@${nonce} begin\n@@${nonce} found\n${lines.join('\n')}\n@@${nonce} rc found 0\n@@${nonce} end\n`,
        );
      }
      const path = /^F='?([^'\n]+)'?$/m.exec(script)?.[1] ?? '';
      const offset = Number(/data (\d+) /.exec(script)?.[1]);
      const content = found[path.split('/').at(-1) ?? ''] ?? '';
      const rest = content.slice(offset, offset + state.cut);
      log.push(`${host.name} pull ${path} from ${offset}`);
      options?.onStdout?.(
        new TextEncoder().encode(`@@${nonce} begin\n@@${nonce} data ${offset} ${content.length}\n${rest}`),
      );
      return offset + rest.length < content.length
        ? { ok: false, error: frostError('host.command-failed', 'the line is gone') }
        : answer();
    },
  };
  const made = createConsole({ transport, downloads, tools: { ...hostTools, driverFor: () => driver } });
  for (const name of [...Object.keys(hosts), 'lost']) {
    const host = makeHost(name);
    made.store.putHost(host);
    made.store.putScan(makeScan(host, { facts: makeFacts({ manager: 'apt' }) }));
  }
  return { ...made, log, state, served };
};

const WEB: Played = {
  actions: [
    { name: 'openssl', from: '3.0.14', to: '3.0.15' },
    { name: 'libnew', to: '1.0' },
  ],
  cached: { 'openssl_3.0.15_amd64.deb': 'openssl, new', 'libnew_1.0_amd64.deb': 'libnew' },
  secured: { 'openssl_3.0.14_amd64.deb': 'openssl, as it was' },
};

const withSnapshot = async (made: ReturnType<typeof connected>) => {
  good(await made.snapshots.create({ name: 'autumn', security: false }));
  return made;
};
const bundleOf = (
  made: ReturnType<typeof connected>,
  name = 'a.frost.tar',
  hosts = ['web'],
  since?: string,
) =>
  made.bundles.make(
    { ref: 'autumn', hosts, file: made.file(name), ...(since === undefined ? {} : { since }) },
    caller,
  );

/** As a program sees it that is not ours. */
const unpacked = async (path: string): Promise<Map<string, string>> => {
  const found = new Map<string, string>();
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream
      .on('data', (chunk) => chunks.push(chunk as Buffer))
      .on('end', () => {
        found.set(header.name, Buffer.concat(chunks).toString());
        next();
      });
  });
  const done = new Promise<void>((resolve, reject) => {
    tar.on('finish', () => resolve()).on('error', reject);
  });
  tar.end(read(path));
  await done;
  return found;
};

describe('making a bundle over the console’s own connection', () => {
  const LIBNEW = 'http://deb.example/libnew_1.0_amd64.deb';
  const OPENSSL = 'https://sec.example:8443/openssl_3.0.15_amd64.deb';
  const directly = (made: ReturnType<typeof connected>) =>
    made.bundles.make(
      { ref: 'autumn', hosts: ['web'], file: made.file('a.frost.tar'), direct: true },
      caller,
    );
  const viaOf = (bundle: { packages: { name: string; role: string; via: string }[] }) =>
    bundle.packages.map(({ name, role, via }) => `${name} ${role} ${via}`);
  const located = { 'libnew_1.0_amd64.deb': LIBNEW, 'openssl_3.0.15_amd64.deb': OPENSSL };

  it('fetches new packages itself, and says from which servers', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    Object.assign(made.served, { [LIBNEW]: 'libnew', [OPENSSL]: 'openssl, new' });
    const bundle = good(await directly(made));
    expect(viaOf(bundle)).toEqual(['libnew new direct', 'openssl rollback host', 'openssl new direct']);
    expect(bundle.origins).toEqual(['http://deb.example', 'https://sec.example:8443']);
    expect(made.log).not.toContain('web stage');
    expect(viaOf(good(await directly(made)))[0]).toBe('libnew new pool');
  });

  it('has the host fetch what it cannot have, or what is not what the lists say', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    made.clock.wait = async () => true;
    Object.assign(made.served, { [LIBNEW]: 'evil !' });
    const bundle = good(await directly(made));
    expect(bundle.missing).toEqual([]);
    expect(viaOf(bundle)).toEqual(['libnew new host', 'openssl rollback host', 'openssl new host']);
    expect(bundle.packages[0]?.sha256).toBe(sha256('libnew'));
    expect(made.ports.artefacts.list().map((one) => one.bytes)).toHaveLength(3);
  });

  it.each([
    'file:///etc/shadow',
    'cdrom:[Debian]/a.deb',
    'mirror+http://m.example/a',
    'http://a:b@c.example/a',
  ])('does not ask %s', async (url) => {
    const made = await withSnapshot(connected({ web: { ...WEB, located: { 'libnew_1.0_amd64.deb': url } } }));
    const bundle = good(await directly(made));
    expect(bundle.origins).toEqual([]);
    expect(made.log.filter((line) => line.startsWith('fetch'))).toEqual([]);
    expect(viaOf(bundle)[0]).toBe('libnew new host');
  });

  it('asks nobody where it was not told to', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    expect(good(await bundleOf(made)).origins).toEqual([]);
    expect(made.log).not.toContain('web locate');
    expect(made.log.filter((line) => line.startsWith('fetch'))).toEqual([]);
  });

  it('goes on where a connection was lost', async () => {
    const made = await withSnapshot(connected({ web: { ...WEB, located } }));
    Object.assign(made.served, { [LIBNEW]: 'libnew', [OPENSSL]: 'openssl, new' });
    made.clock.wait = async () => true;
    made.state.cut = 5;
    good(await directly(made));
    expect(made.log.filter((line) => line.startsWith('fetch'))).toEqual([
      `fetch ${OPENSSL} from 0`,
      `fetch ${OPENSSL} from 5`,
      `fetch ${OPENSSL} from 10`,
      `fetch ${LIBNEW} from 0`,
      `fetch ${LIBNEW} from 5`,
    ]);
  });
});

describe('making a bundle', () => {
  it('has new packages, what they need, and what the host had before, each as a file by its hash', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const bundle = good(await bundleOf(made));
    expect(bundle).toMatchObject({
      file: made.file('a.frost.tar'),
      missing: [],
      silent: [],
      packages: [
        { name: 'libnew', version: '1.0', sha256: sha256('libnew'), bytes: 6, role: 'new', carried: true },
        { name: 'openssl', version: '3.0.14', sha256: sha256('openssl, as it was'), role: 'rollback' },
        { name: 'openssl', version: '3.0.15', sha256: sha256('openssl, new'), role: 'new' },
      ],
    });
    expect(statSync(bundle.file)).toMatchObject({ size: bundle.bytes });
    expect(statSync(bundle.file).mode & 0o777).toBe(0o600);
    const members = await unpacked(bundle.file);
    expect([...members.keys()].slice(0, 2)).toEqual(['bundle.json', 'exchange.frost.json']);
    expect(members.get(`packages/${sha256('libnew')}`)).toBe('libnew');
    const manifest = JSON.parse(members.get('bundle.json') ?? '') as BundleManifest;
    expect(manifest.packages).toEqual(bundle.packages.map(({ via: _, ...one }) => one));
    expect(bundle.packages.map((one) => one.via)).toEqual(['host', 'host', 'host']);
    expect(bundle.id).toBe(sha256(members.get('bundle.json') ?? ''));
    expect(made.log).toContain('web clean');
    expect(made.activities.all).toMatchObject([
      { kind: 'bundle', label: 'Bundle of autumn@1', moved: 36, ended: true },
    ]);
  });

  it('comes in at another console as it went out', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const bundle = good(await bundleOf(made));
    const there = createConsole();
    const imported = good(await there.bundles.import({ file: bundle.file }, caller));
    expect(imported.bundle).toMatchObject({ id: bundle.id, files: 3 });
    expect(bundle.packages).toMatchObject(imported.bundle.packages);
    expect(there.ports.artefacts.size()).toEqual({ files: 3, bytes: 36 });
  });

  it('goes on where it was broken off, and fetches nothing twice', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    made.state.cut = 7;
    const first = good(await bundleOf(made));
    expect(first.missing.map((one) => one.name)).toEqual(['openssl', 'openssl']);
    expect(first.packages.map((one) => one.name)).toEqual(['libnew']);
    made.state.cut = Number.POSITIVE_INFINITY;
    made.log.length = 0;
    const second = good(await bundleOf(made));
    expect(second.missing).toEqual([]);
    expect(second.packages).toHaveLength(3);
    expect(made.log.filter((line) => line.includes('pull'))).toEqual([
      'web pull /cache/openssl_3.0.15_amd64.deb from 7',
      'web pull /old/openssl_3.0.14_amd64.deb from 7',
    ]);
    made.log.length = 0;
    good(await bundleOf(made));
    expect(made.log).toEqual(['web simulate']);
  });

  it('does not take for a new package what merely lay in the pool under its name', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const key = { ecosystem: 'apt', name: 'libnew', arch: 'amd64', version: '1.0' } as const;
    const writer = good(
      await made.ports.artefacts.receive({
        key,
        bytes: 4,
        hash: { sha256: sha256('evil') },
        source: 'host',
        from: 'elsewhere',
      }),
    );
    writer.write(Buffer.from('evil'));
    good(await writer.finish());
    const { packages } = good(await bundleOf(made));
    expect(packages.find((one) => one.name === 'libnew')?.sha256).toBe(sha256('libnew'));
  });

  it('names what could not be had, and the hosts that said nothing', async () => {
    const made = await withSnapshot(
      connected({ web: { ...WEB, cached: { 'openssl_3.0.15_amd64.deb': 'openssl, new' }, secured: {} } }),
    );
    const bundle = good(await bundleOf(made, 'a.frost.tar', ['web', 'lost']));
    expect(bundle.missing).toMatchObject([
      { name: 'libnew', role: 'new', host: 'web', reason: expect.stringContaining('cache') },
      {
        name: 'openssl',
        version: '3.0.14',
        role: 'rollback',
        reason: expect.stringContaining('no exact copy'),
      },
    ]);
    expect(bundle.silent).toMatchObject([{ host: 'lost', error: { code: 'host.unreachable' } }]);
    expect(bad(await bundleOf(made, 'b.frost.tar', ['lost'])).code).toBe('host.unreachable');
    expect(existsSync(made.file('b.frost.tar'))).toBe(false);
  });

  it('says what a host objects to, instead of making half a bundle for it', async () => {
    const made = await withSnapshot(connected({ web: WEB }, { refused: 'libnew breaks lots' }));
    expect(bad(await bundleOf(made))).toMatchObject({
      code: 'host.dependency-conflict',
      message: 'libnew breaks lots',
      host: 'web',
    });
  });
});

describe('an increment', () => {
  const more: Played = {
    actions: [...WEB.actions, { name: 'curl', from: '7.1', to: '7.2' }],
    cached: { ...WEB.cached, 'curl_7.2_amd64.deb': 'curl, new' },
    secured: { ...WEB.secured, 'curl_7.1_amd64.deb': 'curl, as it was' },
  };

  it('leaves out what the other side has, says so, and builds on that bundle', async () => {
    const hosts = { web: WEB };
    const made = await withSnapshot(connected(hosts));
    const whole = good(await bundleOf(made));
    hosts.web = more;
    const part = good(await bundleOf(made, 'b.frost.tar', ['web'], whole.file));
    expect(part.packages.filter((one) => one.carried).map((one) => `${one.name} ${one.version}`)).toEqual([
      'curl 7.1',
      'curl 7.2',
    ]);
    expect(part.packages).toHaveLength(5);
    const members = await unpacked(part.file);
    expect([...members.keys()].filter((name) => name.startsWith('packages/'))).toHaveLength(2);
    expect(JSON.parse(members.get('bundle.json') ?? '')).toMatchObject({ since: whole.id });

    const there = createConsole();
    const refused = bad(await there.bundles.import({ file: part.file }, caller));
    expect(refused).toMatchObject({
      code: 'exchange.broken-chain',
      message: expect.stringContaining('libnew 1.0'),
    });
    expect(there.store.lines()).toEqual([]);
    good(await there.bundles.import({ file: whole.file }, caller));
    good(await there.bundles.import({ file: part.file }, caller));
    expect(there.ports.artefacts.size().files).toBe(5);

    const third = good(await bundleOf(made, 'c.frost.tar', ['web'], part.file));
    expect(third.packages.every((one) => !one.carried)).toBe(true);
  });

  it('is not made on a bundle of another snapshot, or on what is none', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const { file } = good(await bundleOf(made));
    good(await made.snapshots.create({ name: 'spring', security: false }));
    const other = await made.bundles.make(
      { ref: 'spring', hosts: ['web'], file: made.file('b.frost.tar'), since: file },
      caller,
    );
    expect(bad(other).code).toBe('input.invalid');
    writeFileSync(made.file('c'), 'not a bundle at all');
    expect(bad(await bundleOf(made, 'b.frost.tar', ['web'], made.file('c'))).code).toBe('exchange.malformed');
    expect(existsSync(made.file('b.frost.tar'))).toBe(false);
  });
});

describe('the place of a bundle', () => {
  it('is checked before anything is fetched', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    mkdirSync(made.file('folder.frost.tar'));
    symlinkSync('/etc/passwd', made.file('link.frost.tar'));
    const at = (file: string) => made.bundles.make({ ref: 'autumn', hosts: ['web'], file }, caller);
    for (const [file, message] of [
      ['a.frost.tar', 'absolute'],
      [made.file('a.tar'), '.frost.tar'],
      [made.file('.frost.tar'), '.frost.tar'],
      [join(made.dir, 'nowhere', 'a.frost.tar'), 'not a folder'],
      [made.file('folder.frost.tar'), 'not a file'],
      [made.file('link.frost.tar'), 'not a file'],
    ] as const)
      expect(bad(await at(file)), file).toMatchObject({
        code: 'input.invalid',
        message: expect.stringContaining(message),
      });
    expect(made.log).toEqual([]);
  });

  it('is the data folder where none is named, and those there are listed', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const { file, bytes } = good(await made.bundles.make({ ref: 'autumn', hosts: ['web'] }, caller));
    expect(file).toBe(join(made.dir, 'bundles', 'autumn-r1.frost.tar'));
    expect(statSync(join(made.dir, 'bundles')).mode & 0o777).toBe(0o700);
    expect(good(await made.bundles.list({})).bundles).toMatchObject([{ path: file, bytes }]);
  });

  it('holds no half file after a bundle that could not be written or was cancelled', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    good(await bundleOf(made));
    const before = read(made.file('a.frost.tar'));
    const { artefacts } = made.ports;
    const sound = artefacts.read;
    artefacts.read = async () => fail('store.damaged', 'gone');
    expect(bad(await bundleOf(made)).code).toBe('store.damaged');
    artefacts.read = async (...asked) => {
      made.activities.all.at(-1)?.cancel();
      return sound(...asked);
    };
    expect(bad(await bundleOf(made)).code).toBe('cancelled');
    expect(readdirSync(made.dir).filter((name) => name.includes('frost.tar'))).toEqual(['a.frost.tar']);
    expect(read(made.file('a.frost.tar')).equals(before)).toBe(true);
  });
});
