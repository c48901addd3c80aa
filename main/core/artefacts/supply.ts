/**
 * While a plan is made: what hosts lack of the versions to go back to is looked for in the console's store, in the caches of
 * the plan's other hosts, and in the archive, and brought into the store. Nothing here makes a plan fail.
 */
import type { Host } from '../../../shared/model/host.ts';
import type { PackageDriver } from '../drivers/driver.ts';
import { eachLimited } from '../fleet/pool.ts';
import { routeOf } from '../fleet/route.ts';
import type { Ports } from '../ports.ts';
import { distinct, type Holdings, holdingsOf, keyText } from './held.ts';
import type { ArtefactKey, PooledArtefact } from './ports.ts';
import { pullArtefact } from './pull.ts';
import { makeRoom } from './room.ts';
import { parseSeek, type Sighting, seekCommand } from './seek.ts';
import { receiveWhole, type TransferTools } from './whole.ts';

export type SupplyPorts = Pick<
  Ports,
  'artefacts' | 'archive' | 'store' | 'transport' | 'random' | 'clock' | 'log'
>;
/** A host of the plan: what it lacks, and who speaks with its package manager. */
export type Party = { host: Host; driver: PackageDriver; lacks: readonly ArtefactKey[] };

const HOSTS_AT_ONCE = 32;
const TRANSFERS_AT_ONCE = 6;
/** Different files under one name and version that are worth having: more are hardly builds of the same thing. */
const COPIES = 3;

export const transferTools = (
  ports: Pick<Ports, 'random' | 'clock'>,
  signal: AbortSignal,
): TransferTools => ({
  nonce: () => ports.random.hex(16),
  pause: (tries) => ports.clock.wait(Math.min(30_000, 1000 * 2 ** (tries - 1)), signal),
});

type Seen = Sighting<ArtefactKey> & { host: Host };

/** What the plan's hosts have in their caches. A host that does not answer has nothing. */
const sightings = async (
  ports: SupplyPorts,
  parties: readonly Party[],
  missing: readonly ArtefactKey[],
  signal: AbortSignal,
): Promise<Seen[]> => {
  const seen: Seen[] = [];
  await eachLimited([...parties], HOSTS_AT_ONCE, signal, async ({ host, driver, lacks }) => {
    const places = driver.artefactPlaces ?? [];
    // What lies in the cache of a host that lacks it, is not what it says it is: the host has looked.
    const own = new Set(lacks.map(keyText));
    const wanted = missing.filter((key) => key.ecosystem === driver.id && !own.has(keyText(key)));
    const route = routeOf(host, ports.store);
    if (places.length === 0 || wanted.length === 0 || !route.ok) return;
    const nonce = ports.random.hex(16);
    const files = wanted.map((key) => driver.artefactFile(key));
    // Caches are readable to all; asking for root while only planning would be out of proportion.
    const spec = seekCommand({ nonce, places, files, root: false });
    const output = await ports.transport.run(route.value, spec, { signal });
    const found = output.ok ? parseSeek(output.value, { nonce, wanted }) : output;
    if (found.ok) seen.push(...found.value.map((one) => ({ ...one, host })));
    else
      ports.log.write('info', 'old packages could not be looked for on a host', {
        host: host.name,
        code: found.error.code,
      });
  });
  return seen;
};

/** From one of the hosts that have this very file; the next one where that fails. */
const pullOne = async (
  ports: SupplyPorts,
  same: readonly Seen[],
  holdings: Holdings,
  signal: AbortSignal,
): Promise<void> => {
  const [first] = same;
  if (first === undefined) return;
  const key = first.wanted;
  const room = await makeRoom(ports, first.bytes);
  if (!room.ok) return holdings.blame(key, `${first.host.name} has it, but: ${room.error.message}`);
  for (const { host, path, bytes, sha256 } of same) {
    const route = routeOf(host, ports.store);
    if (!route.ok || signal.aborted) continue;
    const pulled = await pullArtefact(
      (spec, options) => ports.transport.run(route.value, spec, options),
      ports.artefacts,
      transferTools(ports, signal),
      {
        expected: { key, bytes, hash: { sha256 }, source: 'host', from: host.name },
        path,
        root: false,
        signal,
      },
    );
    if (pulled.ok) return holdings.add(pulled.value);
    holdings.blame(key, `it could not be fetched from ${host.name}: ${pulled.error.message}`);
  }
};

const fromHosts = async (
  ports: SupplyPorts,
  parties: readonly Party[],
  missing: readonly ArtefactKey[],
  holdings: Holdings,
  signal: AbortSignal,
): Promise<void> => {
  const seen = await sightings(ports, parties, missing, signal);
  const files = [...Map.groupBy(seen, (one) => `${keyText(one.wanted)} ${one.sha256}`).values()];
  const perKey = Map.groupBy(files, (same) => (same[0] === undefined ? '' : keyText(same[0].wanted)));
  // What most hosts have is most likely the true one; the receiving host compares it with what it has installed.
  const chosen = [...perKey.values()].flatMap((some) =>
    some.toSorted((a, b) => b.length - a.length).slice(0, COPIES),
  );
  await eachLimited(chosen, TRANSFERS_AT_ONCE, signal, (same) => pullOne(ports, same, holdings, signal));
};

/** The file, or why there is none. */
const fetchOne = async (
  ports: SupplyPorts,
  key: ArtefactKey,
  name: string,
  signal: AbortSignal,
): Promise<PooledArtefact | string> => {
  const found = await ports.archive.locate(key, signal);
  if (!found.ok) return `${name}: ${found.error.message}`;
  if (found.value === undefined) return `${name} does not have it either`;
  const { sha1, bytes } = found.value;
  const room = await makeRoom(ports, bytes);
  if (!room.ok) return `${name} has it, but: ${room.error.message}`;
  const archived = found.value;
  const done = await receiveWhole(
    ports.artefacts,
    { key, bytes, hash: { sha1 }, source: 'archive', from: name },
    transferTools(ports, signal),
    (offset, take) => ports.archive.fetch(archived, offset, take, signal),
  );
  return done.ok ? done.value : `${name}: ${done.error.message}`;
};

const fromArchive = async (
  ports: SupplyPorts,
  missing: readonly ArtefactKey[],
  holdings: Holdings,
  signal: AbortSignal,
): Promise<void> => {
  await eachLimited([...missing], TRANSFERS_AT_ONCE, signal, async (key) => {
    const name = ports.archive.nameFor(key.ecosystem);
    if (name === undefined) return;
    const fetched = await fetchOne(ports, key, name, signal);
    if (typeof fetched === 'string') holdings.blame(key, fetched);
    else holdings.add(fetched);
  });
};

/** The store first, then the plan's other hosts, then the archive. */
export const supply = async (
  ports: SupplyPorts,
  parties: readonly Party[],
  signal: AbortSignal,
): Promise<Holdings> => {
  const wanted = distinct(parties.flatMap((party) => party.lacks));
  const holdings = await holdingsOf(ports.artefacts, wanted, signal);
  const missing = () => wanted.filter((key) => !holdings.has(key));
  if (missing().length > 0) await fromHosts(ports, parties, missing(), holdings, signal);
  if (missing().length > 0) await fromArchive(ports, missing(), holdings, signal);
  return holdings;
};
