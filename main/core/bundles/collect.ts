/**
 * Brings into the pool what a bundle is to hold: for each of the hosts the packages that its own package manager would bring
 * for the snapshot, dependencies included, and those that it has now, to go back to. What is in the pool already is not
 * fetched again, so that a bundle that was broken off goes on where it was. A host downloads with its own manager, which
 * checks what its repositories sign; the console then takes the files over the connection it has.
 */
import { type FrostError, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { BundleRole, BundleVia } from '../../../shared/model/bundle.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Entry, Revision } from '../../../shared/model/snapshot.ts';
import { keyText } from '../artefacts/held.ts';
import type { ArtefactKey, Artefacts, PooledArtefact } from '../artefacts/ports.ts';
import { type Ask, pullArtefact } from '../artefacts/pull.ts';
import { makeRoom } from '../artefacts/room.ts';
import { parseSeek, seekCommand } from '../artefacts/seek.ts';
import { transferTools } from '../artefacts/supply.ts';
import type { PackageDriver } from '../drivers/driver.ts';
import { archMatches } from '../drivers/select.ts';
import { routeOf } from '../fleet/route.ts';
import type { ActivityHandle, CommandSpec, Ports, Route } from '../ports.ts';
import { type Simulated, simulateHost } from '../runs/simulate.ts';
import { type EngineDeps, hostTools } from '../runs/tools.ts';
import { entriesAt } from '../snapshots/exceptions.ts';
import { fetchDirectly } from './direct.ts';
import type { Asked } from './metadata/collect.ts';

const LOCK_PATIENCE_SECONDS = 300;

/** `via`: whether the pool had it, or how it came there now. `host`: the first that it is for. */
export type Collected = { artefact: PooledArtefact; role: BundleRole; via: BundleVia; host: string };
/** What could not be had, and why. `host`: where it was wanted. */
export type Missing = { name: string; version: string; role: BundleRole; host: string; reason: string };
export type Collection = {
  packages: Collected[];
  missing: Missing[];
  /** Hosts that could not say what they need: nothing in the bundle is for them alone. */
  silent: { host: string; error: FrostError }[];
  /** Servers that the console asked itself. */
  origins: string[];
  /** Where it could not have packages itself, and why. */
  notDirect: { origin: string; reason: string; packages: number }[];
  /** Hosts that said what they need. */
  asked: Asked[];
};

type Known = { host: Host; route: Route; ask: Ask; driver: PackageDriver; simulated: Simulated };

const NOARCH: Partial<Record<Ecosystem, string>> = { apt: 'all', dnf: 'noarch' };

/** The hash the snapshot knows of this package. */
export const knownHash = (key: ArtefactKey, entries: readonly Entry[]): string | undefined =>
  entries.find(
    (entry) =>
      entry.decision === 'approve' &&
      entry.ecosystem === key.ecosystem &&
      entry.name === key.name &&
      entry.version === key.version &&
      archMatches(entry.arch, key.arch, NOARCH[key.ecosystem] ?? 'all'),
  )?.sha256;

export const createCollector = (
  ports: Ports,
  deps: Pick<EngineDeps, 'scanHost' | 'tools'>,
  o: {
    revision: Revision;
    activity: ActivityHandle;
    signal: AbortSignal;
    /** Fetch over the console's own connection what can be had so. */
    direct: boolean;
  },
) => {
  const { store, transport } = ports;
  const { revision, activity, signal } = o;
  const lineId = revision.content.line.id;
  const entries = entriesAt(revision.content, ports.clock.now());
  const tools = deps.tools ?? hostTools;
  const origins = new Set<string>();
  const notDirect = new Map<string, { origin: string; reason: string; packages: number }>();
  /** What was not in the pool when this began, by hash. */
  const came = new Map<string, BundleVia>();

  /** The pool, telling the display of every byte that arrives. */
  const artefacts: Artefacts = {
    ...ports.artefacts,
    receive: async (expected) => {
      const opened = await ports.artefacts.receive(expected);
      if (!opened.ok) return opened;
      const writer = opened.value;
      return ok({
        get offset() {
          return writer.offset;
        },
        write: (chunk) => {
          const taken = writer.write(chunk);
          if (taken) activity.moved(chunk.length);
          return taken;
        },
        finish: () => writer.finish(),
        suspend: () => writer.suspend(),
      });
    },
  };

  /**
   * The files of the pool that may stand for this package. An old one is compared by the host that gets it with what it has
   * installed; a new one has nothing to be compared with there, so it is either what the snapshot says, by its hash, or came
   * through a host's own manager for this very snapshot. What merely lay in some host's cache is not taken for it.
   */
  const pooled = (key: ArtefactKey, role: BundleRole): PooledArtefact[] => {
    const copies = artefacts.find(key);
    if (role === 'rollback') return copies;
    const hash = knownHash(key, entries);
    if (hash !== undefined) return copies.filter((one) => one.sha256 === hash);
    const text = keyText(key);
    const own = store.bundled(lineId).filter((one) => one.role === 'new' && keyText(one) === text);
    return copies.filter((copy) => own.some((one) => one.sha256 === copy.sha256));
  };

  /** What the host would do with the snapshot, by its own word. */
  const know = async (host: Host): Promise<Result<Known>> => {
    const scan = store.lastGoodScan(host.id) ?? (await deps.scanHost(host, { refresh: false, signal }));
    if (scan.facts === undefined)
      return {
        ok: false,
        error: scan.error ?? frostError('host.output-malformed', `${host.name} could not be scanned.`),
      };
    const driver = tools.driverFor(scan.facts.manager);
    if (driver === undefined)
      return {
        ok: false,
        error: frostError(
          'host.unsupported',
          `${host.name} uses ${scan.facts.manager}, which is not supported yet.`,
        ),
      };
    const route = routeOf(host, store);
    if (!route.ok) return route;
    const ask: Ask = (spec, options) => transport.run(route.value, spec, { signal, ...options });
    const request = { ask: (spec: CommandSpec) => ask(spec), driver, entries };
    const first = await simulateHost(ports, { ...request, known: scan.packages, refresh: false });
    if (!first.ok) return first;
    const { installed, refusals } = first.value.simulation;
    if (!refusals.some((refusal) => refusal.code === 'host.version-unavailable'))
      return ok({ host, route: route.value, ask, driver, simulated: first.value });
    const second = await simulateHost(ports, { ...request, known: installed, refresh: true });
    if (!second.ok && second.error.code === 'cancelled') return second;
    return ok({ host, route: route.value, ask, driver, simulated: second.ok ? second.value : first.value });
  };

  /** Takes one file of the host in; undefined: done, or else why not. */
  const take = async (
    known: Known,
    key: ArtefactKey,
    role: BundleRole,
    file: { path: string; bytes: number; sha256: string },
  ): Promise<string | undefined> => {
    const hash = role === 'new' ? knownHash(key, entries) : undefined;
    if (hash !== undefined && hash !== file.sha256)
      return 'the file there has another hash than the snapshot says';
    const room = await makeRoom(ports, file.bytes);
    if (!room.ok) return room.error.message;
    const pulled = await pullArtefact(known.ask, artefacts, transferTools(ports, signal), {
      expected: {
        key,
        bytes: file.bytes,
        hash: { sha256: file.sha256 },
        source: 'host',
        from: known.host.name,
      },
      path: file.path,
      root: true,
      signal,
    });
    if (!pulled.ok) return pulled.error.message;
    // Known as this snapshot's from now on, so that a bundle that is broken off finds it again.
    store.putBundled(lineId, [{ ...key, sha256: file.sha256, role }]);
    came.set(file.sha256, 'host');
    return undefined;
  };

  /** What the host would install, over the console's own connection; what is left is for the host to download. */
  const fetchHere = ({ ask, driver, simulated }: Known, wanted: ArtefactKey[]): Promise<void> =>
    fetchDirectly(ports, artefacts, {
      ask,
      driver,
      stages: simulated.stages,
      wanted,
      hashOf: (key) => knownHash(key, entries),
      origins,
      had: (key, sha256) => {
        store.putBundled(lineId, [{ ...key, sha256, role: 'new' }]);
        came.set(sha256, 'direct');
      },
      lacked: (origin, reason) => {
        const mark = `${origin} ${reason}`;
        const same = notDirect.get(mark) ?? { origin, reason, packages: 0 };
        notDirect.set(mark, { ...same, packages: same.packages + 1 });
      },
      signal,
    });

  /** Has the host download what it would install, and takes those of it that are wanted. */
  const fetchNew = async (known: Known, wanted: ArtefactKey[]): Promise<Map<string, string>> => {
    const { ask, driver, simulated } = known;
    const trouble = new Map<string, string>();
    const all = (reason: string) => new Map(wanted.map((key) => [keyText(key), reason]));
    const nonce = ports.random.hex(16);
    const staged = await ask(
      driver.stage({ nonce, stages: simulated.stages, lockTimeoutSeconds: LOCK_PATIENCE_SECONDS }),
    );
    const downloaded = staged.ok ? driver.parseStage(staged.value, { nonce }) : staged;
    if (!downloaded.ok) return all(downloaded.error.message);
    const again = ports.random.hex(16);
    const files = wanted.map((key) => driver.artefactFile(key));
    const looked = await ask(
      seekCommand({ nonce: again, places: driver.artefactPlaces ?? [], files, root: true }),
    );
    const seen = looked.ok ? parseSeek(looked.value, { nonce: again, wanted }) : looked;
    if (!seen.ok) return all(seen.error.message);
    for (const key of wanted) {
      if (signal.aborted) return trouble;
      const sighting = seen.value.find((one) => one.wanted === key);
      const why =
        sighting === undefined
          ? 'it was downloaded, and is not in its cache'
          : await take(known, key, 'new', sighting);
      if (why !== undefined) trouble.set(keyText(key), why);
    }
    return trouble;
  };

  /** Has the host put its present packages aside, each compared with what is installed, takes them, and cleans up after itself. */
  const fetchOld = async (known: Known, wanted: ArtefactKey[]): Promise<Map<string, string>> => {
    const { ask, driver, route, simulated } = known;
    const trouble = new Map<string, string>();
    const token = `bundle-${ports.random.hex(8)}`;
    const names = new Set(wanted.map((key) => key.name));
    const actions: PlanAction[] = simulated.simulation.actions.filter(({ name }) => names.has(name));
    const nonce = ports.random.hex(16);
    try {
      const output = await ask(driver.capture({ nonce, token, actions }));
      const taken = output.ok ? driver.parseCapture(output.value, { nonce }) : output;
      if (!taken.ok) return new Map(wanted.map((key) => [keyText(key), taken.error.message]));
      for (const key of wanted) {
        if (signal.aborted) return trouble;
        const same = (one: { name: string; arch: string; version: string }) =>
          one.name === key.name && one.arch === key.arch && one.version === key.version;
        const file = taken.value.secured.find((one) => same(one) && one.source !== 'repack');
        const lost = taken.value.unsecured.find(same);
        const why =
          file?.bytes === undefined
            ? (lost?.reason ?? 'the host has no exact copy of it')
            : await take(known, key, 'rollback', { path: file.path, bytes: file.bytes, sha256: file.sha256 });
        if (why !== undefined) trouble.set(keyText(key), why);
      }
      return trouble;
    } finally {
      // Without the signal: what was put there goes, cancelled or not.
      await transport.run(route, driver.cleanUp({ nonce: ports.random.hex(16), tokens: [token] }));
    }
  };

  /** What the host would install, and what it has of the same packages. */
  const wishesOf = ({ driver, simulated }: Known): Record<BundleRole, ArtefactKey[]> => {
    const ecosystem = driver.id;
    const { actions, proof } = simulated.simulation;
    const distinct = (keys: ArtefactKey[]) => [...new Map(keys.map((key) => [keyText(key), key])).values()];
    return {
      new: distinct(
        actions.flatMap(({ name, arch, to }) =>
          to === undefined ? [] : [{ ecosystem, name, arch, version: to }],
        ),
      ),
      rollback: distinct(
        proof.flatMap(({ package: name, arch, version }) =>
          name === undefined || arch === undefined || version === undefined
            ? []
            : [{ ecosystem, name, arch, version }],
        ),
      ),
    };
  };

  return async (hosts: Host[]): Promise<Collection> => {
    const found = new Map<string, Collected>();
    const missing = new Map<string, Missing>();
    const silent: Collection['silent'] = [];
    const asked: Asked[] = [];
    for (const host of hosts) {
      if (signal.aborted) break;
      activity.started(host.name);
      const known = await know(host);
      const refusal = known.ok
        ? known.value.simulated.simulation.refusals.find(
            ({ code }) => code !== 'host.packages-broken' && code !== 'host.disk-full',
          )
        : undefined;
      const error = known.ok ? refusal && frostError(refusal.code, refusal.message) : known.error;
      if (!known.ok || error !== undefined) {
        if (error !== undefined) silent.push({ host: host.name, error: { ...error, host: host.name } });
        activity.finished(host.name, true);
        continue;
      }
      asked.push(known.value);
      for (const role of ['new', 'rollback'] as const) {
        const wishes = wishesOf(known.value)[role];
        const lackingNow = () => wishes.filter((key) => pooled(key, role).length === 0);
        if (o.direct && role === 'new' && lackingNow().length > 0) await fetchHere(known.value, lackingNow());
        const lacking = lackingNow();
        const trouble =
          lacking.length === 0
            ? new Map<string, string>()
            : await (role === 'new' ? fetchNew : fetchOld)(known.value, lacking);
        for (const key of wishes) {
          const id = `${role} ${keyText(key)}`;
          const [best] = pooled(key, role);
          if (best !== undefined) {
            const { host: first } = found.get(id) ?? { host: host.name };
            found.set(id, { artefact: best, role, via: came.get(best.sha256) ?? 'pool', host: first });
            missing.delete(id);
          } else if (!found.has(id))
            missing.set(id, {
              name: key.name,
              version: key.version,
              role,
              host: host.name,
              reason: trouble.get(keyText(key)) ?? 'the file has another hash than the snapshot says',
            });
        }
      }
      activity.finished(host.name, false);
    }
    return {
      packages: [...found.values()],
      missing: [...missing.values()],
      silent,
      origins: [...origins].sort(),
      notDirect: [...notDirect.values()],
      asked,
    };
  };
};
