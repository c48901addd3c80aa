/**
 * Around a task's capture: what the host could not put aside by itself is brought to it from the console's store, and what it
 * put aside but no repository offers any more is taken into the store, for the next host. Neither ever makes a task fail.
 */
import type { Capture } from '../../../shared/model/run.ts';
import type { PackageDriver } from '../drivers/driver.ts';
import type { Ports } from '../ports.ts';
import { holdingsOf, keyText } from './held.ts';
import type { ArtefactKey, PooledArtefact } from './ports.ts';
import { type Ask, pullArtefact } from './pull.ts';
import { pushArtefact } from './push.ts';
import { makeRoom } from './room.ts';
import { transferTools } from './supply.ts';

type Taken = Pick<Capture, 'secured' | 'unsecured'>;
export type SecurePorts = Pick<Ports, 'artefacts' | 'store' | 'clock' | 'random' | 'log'>;

/** What one task is about. */
export type Site = {
  ask: Ask;
  driver: Pick<PackageDriver, 'id' | 'artefactFile'>;
  host: string;
  token: string;
  signal: AbortSignal;
};

const keyOf = (
  driver: Site['driver'],
  one: { name: string; arch: string; version: string },
): ArtefactKey => ({
  ecosystem: driver.id,
  name: one.name,
  arch: one.arch,
  version: one.version,
});

/** What is not there as it was: not put aside at all, or only packed again from its installed files. */
export const notExact = (taken: Taken): { name: string; arch: string; version: string }[] => [
  ...taken.unsecured,
  ...taken.secured.filter((one) => one.source === 'repack'),
];

export type Brought = {
  /** Something new lies on the host: it is to look again. */
  some: boolean;
  /** Copies that have been tried, by hash. */
  tried: Set<string>;
  /** `keyText` → why it could not be brought. */
  trouble: Map<string, string>;
};

/** Pushes one copy of each artefact that is still missing, of those not tried before. */
export const bring = async (
  ports: SecurePorts,
  site: Site,
  taken: Taken,
  before: Brought,
): Promise<Brought> => {
  const { driver, signal } = site;
  const keys = notExact(taken).map((one) => keyOf(driver, one));
  const holdings = await holdingsOf(ports.artefacts, keys, signal);
  const brought: Brought = { some: false, tried: new Set(before.tried), trouble: new Map(before.trouble) };
  for (const key of keys) {
    const text = keyText(key);
    const damaged = holdings.trouble(key);
    if (damaged !== undefined) brought.trouble.set(text, damaged);
    const copy: PooledArtefact | undefined = holdings
      .copies(key)
      .find((one) => !before.tried.has(`${text} ${one.sha256}`));
    if (copy === undefined || signal.aborted) continue;
    brought.tried.add(`${text} ${copy.sha256}`);
    const pushed = await pushArtefact(site.ask, ports.artefacts, transferTools(ports, signal), {
      artefact: copy,
      place: { token: site.token },
      file: driver.artefactFile(key),
      signal,
    });
    if (pushed.ok) brought.some = true;
    else brought.trouble.set(text, `the console's copy could not be brought: ${pushed.error.message}`);
  }
  return brought;
};

/** Names the console's store as the source of what it brought, and says of the rest what was tried. */
export const attributed = <T extends Taken>(taken: T, driver: Site['driver'], brought: Brought): T => ({
  ...taken,
  secured: taken.secured.map((one) =>
    one.source !== 'repack' && brought.tried.has(`${keyText(keyOf(driver, one))} ${one.sha256}`)
      ? { ...one, source: 'console' as const }
      : one,
  ),
  unsecured: taken.unsecured.map((one) => {
    const trouble = brought.trouble.get(keyText(keyOf(driver, one)));
    return trouble === undefined ? one : { ...one, reason: `${one.reason}; ${trouble}`.slice(0, 1000) };
  }),
});

/** Taking files into the store must not hold up a patch window: after this long the rest is left. */
const GATHER_MS = 600_000;

/**
 * Takes into the store what no repository of this host offers any more and the store lacks. The lines say what was not
 * taken, and why.
 */
export const gather = async (ports: SecurePorts, site: Site, taken: Taken): Promise<string[]> => {
  const wanted = taken.secured.filter(
    (one) =>
      one.offered === false &&
      one.source !== 'repack' &&
      !ports.artefacts.find(keyOf(site.driver, one)).some((copy) => copy.sha256 === one.sha256),
  );
  if (wanted.length === 0) return [];
  const over = new AbortController();
  const ended = new AbortController();
  const signal = AbortSignal.any([site.signal, over.signal]);
  void ports.clock.wait(GATHER_MS, ended.signal).then((whole) => whole && over.abort());
  const lines: string[] = [];
  try {
    for (const one of wanted) {
      const why = await takeIn(ports, site, one, signal);
      if (why !== undefined) lines.push(`${one.name} ${one.version} is not kept on the console: ${why}`);
    }
  } finally {
    ended.abort();
  }
  return lines;
};

/** Undefined: it is there, or on its way from another host. */
const takeIn = async (
  ports: SecurePorts,
  site: Site,
  one: Taken['secured'][number],
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (signal.aborted) return 'there was no time for it';
  if (one.bytes === undefined || one.bytes < 1) return 'its size is not known';
  const room = await makeRoom(ports, one.bytes);
  if (!room.ok) return room.error.message;
  const key = keyOf(site.driver, one);
  const hash = { sha256: one.sha256 };
  const pulled = await pullArtefact(site.ask, ports.artefacts, transferTools(ports, signal), {
    expected: { key, bytes: one.bytes, hash, source: 'host', from: site.host },
    path: one.path,
    root: true,
    signal,
  });
  if (pulled.ok || pulled.error.code === 'state.conflict') return undefined;
  ports.log.write('warn', 'an old package was not taken into the store', {
    host: site.host,
    code: pulled.error.code,
  });
  return pulled.error.code === 'cancelled' ? 'there was no time for it' : pulled.error.message;
};
