/** A console whose hosts and repositories are played; disk and pool are real. */
import type { PackageDriver, Simulation } from '../../../main/core/drivers/driver.ts';
import type { Ports, Transport } from '../../../main/core/ports.ts';
import { hostTools } from '../../../main/core/runs/tools.ts';
import { fail, frostError, ok } from '../../../shared/errors.ts';
import { makeFacts, makeHost, makeScan } from '../fleet/make.ts';
import { good } from '../snapshots/support.ts';
import { caller, createConsole, sha256 } from './support.ts';

type Package = { name: string; from?: string; to: string };
/** What a host holds, by the name of the file. */
export type Played = {
  /** Where the host says that a file can be had: its address, by its name. */
  located?: Record<string, string>;
  actions: Package[];
  cached: Record<string, string>;
  secured: Record<string, string>;
  /** A repository's own files, as the host has them: in `/lists`, by name. */
  lists?: { root: string; index: string; files: Record<string, string> };
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
export const connected = (
  hosts: Record<string, Played>,
  o: { refused?: string; downloads?: Ports['downloads'] } = {},
) => {
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
      const found = { ...at.cached, ...at.secured, ...at.lists?.files };
      if (script.includes('fl_sec found fl_metadata')) {
        log.push(`${host.name} metadata`);
        const { root = '', index = '', files = {} } = at.lists ?? {};
        const wanted = /^printf '%s\\n' (.*) >"\$T\/want"$/m.exec(script)?.[1]?.split(' ') ?? [];
        const has = wanted.filter((hash) => files[index]?.includes(hash));
        const lines = has.length === 0 ? [] : [`index\t/lists/${root}\t1\t-\t0\t/lists/${index}\t1`];
        return answer(
          `@@${nonce} begin\n@@${nonce} found\n${[...lines, ...has.map((hash) => `has\t${hash}`)].join('\n')}\n@@${nonce} rc found 0\n@@${nonce} end\n`,
        );
      }
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
  const made = createConsole({
    transport,
    downloads: o.downloads ?? downloads,
    tools: { ...hostTools, driverFor: () => driver },
  });
  for (const name of [...Object.keys(hosts), 'lost']) {
    const host = makeHost(name);
    made.store.putHost(host);
    made.store.putScan(makeScan(host, { facts: makeFacts({ manager: 'apt' }) }));
  }
  return { ...made, log, state, served };
};

export const WEB: Played = {
  actions: [
    { name: 'openssl', from: '3.0.14', to: '3.0.15' },
    { name: 'libnew', to: '1.0' },
  ],
  cached: { 'openssl_3.0.15_amd64.deb': 'openssl, new', 'libnew_1.0_amd64.deb': 'libnew' },
  secured: { 'openssl_3.0.14_amd64.deb': 'openssl, as it was' },
};

export const withSnapshot = async (made: ReturnType<typeof connected>) => {
  good(await made.snapshots.create({ name: 'autumn', security: false }));
  return made;
};
export const bundleOf = (
  made: ReturnType<typeof connected>,
  name = 'a.frost.tar',
  hosts = ['web'],
  since?: string,
) =>
  made.bundles.make(
    { ref: 'autumn', hosts, file: made.file(name), ...(since === undefined ? {} : { since }) },
    caller,
  );
