/**
 * Package files over the console's own connection. A host tells where its manager would get them and which hash its lists give
 * for them; that is its word alone, so nothing is asked but over http or https, nothing is taken but what has that hash, and
 * every server that was asked is named in the answer.
 */
import { keyText } from '../artefacts/held.ts';
import type { ArtefactKey, Artefacts } from '../artefacts/ports.ts';
import type { Ask } from '../artefacts/pull.ts';
import { makeRoom } from '../artefacts/room.ts';
import { transferTools } from '../artefacts/supply.ts';
import { receiveWhole } from '../artefacts/whole.ts';
import type { PackageDriver, StageRequest } from '../drivers/driver.ts';
import type { Ports } from '../ports.ts';
import { addressOf } from './address.ts';

/** Tries to fetch each of `wanted`; what could not be had so is for the host to fetch. */
export const fetchDirectly = async (
  ports: Ports,
  artefacts: Artefacts,
  o: {
    ask: Ask;
    driver: PackageDriver;
    stages: StageRequest[];
    wanted: readonly ArtefactKey[];
    hashOf(key: ArtefactKey): string | undefined;
    /** Servers that were asked: scheme, host and port. */
    origins: Set<string>;
    /** One is in the pool. */
    had(key: ArtefactKey, sha256: string): void;
    /** One could not be had from this server, and why. */
    lacked(origin: string, reason: string): void;
    signal: AbortSignal;
  },
): Promise<void> => {
  const { driver, signal } = o;
  if (driver.locate === undefined || driver.parseLocations === undefined) return;
  const nonce = ports.random.hex(16);
  const output = await o.ask(driver.locate({ nonce, stages: o.stages }));
  const located = output.ok ? driver.parseLocations(output.value, { nonce }) : output;
  if (!located.ok) return;
  const places = new Map(
    located.value.map((one) => [keyText({ ...one, ecosystem: driver.id }), one] as const),
  );
  /** Servers that do not answer, or are not used: asking each for hundreds of packages would take hours. */
  const lost = new Map<string, string>();
  for (const key of o.wanted) {
    if (signal.aborted) return;
    const place = places.get(keyText(key));
    const address = place && addressOf(place.url);
    if (place === undefined || address === undefined) continue;
    const before = lost.get(address.origin);
    if (before !== undefined) {
      o.lacked(address.origin, before);
      continue;
    }
    const { sha256, bytes } = place;
    const hash = o.hashOf(key);
    if (hash !== undefined && hash !== sha256) {
      o.lacked(address.origin, 'the file there has another hash than the snapshot says');
      continue;
    }
    const room = await makeRoom(ports, bytes);
    if (!room.ok) {
      o.lacked(address.origin, room.error.message);
      continue;
    }
    const got = await receiveWhole(
      artefacts,
      { key, bytes, hash: { sha256 }, source: 'repository', from: address.host.slice(0, 200) },
      transferTools(ports, signal),
      (offset, take) =>
        ports.downloads.fetch(
          { url: address.href, offset, bytes },
          take,
          (origin) => void o.origins.add(origin),
          signal,
        ),
    );
    if (got.ok) {
      o.had(key, sha256);
      continue;
    }
    if (signal.aborted) return;
    if (got.error.code === 'host.repository' || got.error.code === 'not-available')
      lost.set(address.origin, got.error.message);
    o.lacked(address.origin, got.error.message);
    ports.log.write('info', 'a package was not fetched directly', { code: got.error.code });
  }
};
