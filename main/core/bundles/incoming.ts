/** Checks a bundle, and takes it in: everything is asked of the file before anything of it is used. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { err, type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { BundlePackage } from '../../../shared/model/bundle.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { AdvisoryReader } from '../advisories/service.ts';
import { limitsOf, makeRoom, megabytes } from '../artefacts/room.ts';
import type { Vouched } from '../exchange/incoming.ts';
import type { Ports } from '../ports.ts';
import { readSteps } from '../snapshots/exchange.ts';
import { SLICE_CHARACTERS } from '../snapshots/longWork.ts';
import type { Along } from '../snapshots/transfer.ts';
import { createTurns, inTurns } from '../turns.ts';
import { readAdvisories, stageBundled } from './advisories.ts';
import { knownHash } from './collect.ts';
import { withFile } from './file.ts';
import { checkMetadata, falselySigned } from './metadata/chain.ts';
import type { MetadataReader } from './metadata/ports.ts';
import type { BundleSource } from './ports.ts';
import { type ReadBundle, readBundle } from './read.ts';
import { reportOf, sizeOf } from './report.ts';
import { judgeBundle, unvouched } from './sign.ts';

/** The snapshots' own service, for the exchange file in a bundle. */
export type IncomingDeps = {
  metadata: MetadataReader;
  advisories: AdvisoryReader;
  verify(
    input: HandlerInput<'snapshots.verify'>,
    caller: Caller,
  ): Promise<Result<Output<'snapshots.verify'>>>;
  /** `along`: stored in the transaction of the import. */
  import(
    input: HandlerInput<'snapshots.import'>,
    along: Along,
    signal: AbortSignal,
  ): Promise<Result<Output<'snapshots.import'>>>;
};

const PIECE_BYTES = 1024 * 1024;

export const createTaker = (ports: Ports, deps: IncomingDeps) => {
  const { artefacts, bundles, clock, hasher, store } = ports;

  /** Files an increment counts on, that are not here. */
  const lackingOf = ({ manifest }: ReadBundle): BundlePackage[] =>
    manifest.packages.filter(
      (one) => !one.carried && !artefacts.find(one).some((copy) => copy.sha256 === one.sha256),
    );

  /** The revision it was made for; undefined where its exchange file is not sound. */
  const headOf = async (read: ReadBundle, signal: AbortSignal): Promise<Revision | undefined> => {
    const exchange = await inTurns(
      readSteps(read.exchange, { hasher, stored: (id) => store.revision(id) }),
      createTurns(clock, SLICE_CHARACTERS, signal),
    );
    return exchange.ok ? exchange.value.head : undefined;
  };

  /** A new package that is not the file whose hash the snapshot knows. */
  const contradicted = (read: ReadBundle, head: Revision | undefined): BundlePackage | undefined => {
    if (head === undefined) return undefined;
    return read.manifest.packages.find((one) => {
      const hash = one.role === 'new' ? knownHash(one, head.content.entries) : undefined;
      return hash !== undefined && hash !== one.sha256;
    });
  };

  /** What in it contradicts itself, although every file has the hash that is announced. */
  const faultOf = (
    read: ReadBundle,
    head: Revision | undefined,
    exchange: Output<'snapshots.verify'>,
  ): FrostError | undefined => {
    const { manifest } = read;
    // Refused for its signatures: of what it holds, nothing was read.
    if (exchange.revisions.length === 0) return undefined;
    const last = exchange.revisions.find((one) => one.id === manifest.head);
    if (
      last === undefined ||
      last.name !== manifest.snapshot.name ||
      last.revision !== manifest.snapshot.revision
    )
      return frostError(
        'exchange.malformed',
        'The bundle and the exchange file in it are of different snapshots.',
      );
    const other = contradicted(read, head);
    if (other !== undefined)
      return frostError(
        'exchange.tampered',
        `${other.name} ${other.version} in the bundle is another file than the snapshot approves.`,
        { hint: 'Ask for the bundle again.' },
      );
    return undefined;
  };

  /** Why it may not come in, although it is sound. */
  const refusalOf = (read: ReadBundle, exchange: Output<'snapshots.verify'>): FrostError | undefined => {
    const { manifest } = read;
    const lacking = lackingOf(read);
    if (lacking.length > 0)
      return frostError(
        'exchange.broken-chain',
        `The bundle builds on an earlier one whose packages are not here: ${lacking
          .slice(0, 5)
          .map((one) => `${one.name} ${one.version}`)
          .join(', ')}${lacking.length > 5 ? ` and ${lacking.length - 5} more` : ''}.`,
        { hint: 'Import the earlier bundle first, or ask for one that is whole.' },
      );
    const limits = limitsOf(store);
    const large = manifest.packages.find((one) => one.carried && one.bytes > limits.file);
    if (large !== undefined)
      return frostError(
        'input.too-large',
        `${large.name} ${large.version} has ${megabytes(large.bytes)}, more than the ${megabytes(limits.file)} that the console's store takes of one file.`,
        { hint: 'Raise the limit (artefacts limits), then import again.' },
      );
    const { bytes } = sizeOf(read);
    if (bytes > limits.pool)
      return frostError(
        'input.too-large',
        `The packages are ${megabytes(bytes)}, more than the console's store may hold (${megabytes(limits.pool)}).`,
        { hint: 'Raise the limit (artefacts limits), then import again.' },
      );
    // The bundle itself may be signed all the same.
    return exchange.refusal?.code === 'signature.missing'
      ? frostError(
          'signature.missing',
          'The snapshot in the bundle is not signed, and only signed files are taken here.',
          { hint: 'Ask its author to sign it (snapshot bundle --sign KEY does), and for the file again.' },
        )
      : exchange.refusal;
  };

  /** Read, not taken in. Where only signed files are taken, advisory data counts only if somebody vouches for the bundle itself. */
  const advisoriesOf = async (source: BundleSource, read: ReadBundle, { refusal }: Vouched) => {
    const known = await readAdvisories(source, read, deps.advisories, clock);
    if (!known.ok) return known;
    return ok(
      refusal === undefined ? { taken: known.value, leftOut: [] } : { taken: [], leftOut: known.value },
    );
  };

  /** What repositories say of the packages, read out of the bundle and checked. */
  const metadataOf = (
    source: BundleSource,
    { manifest, metadata }: ReadBundle,
    keyring: string | undefined,
    signal: AbortSignal,
  ) =>
    checkMetadata(deps.metadata, manifest, {
      content: (sha256) => {
        const { offset, bytes } = metadata.get(sha256) ?? { offset: 0, bytes: 0 };
        return {
          bytes,
          read: (at, length) => source.read(offset + at, Math.max(0, Math.min(length, bytes - at))),
        };
      },
      keyring:
        keyring === undefined ? undefined : Uint8Array.from(atob(keyring), (char) => char.charCodeAt(0)),
      signal,
      now: clock.now(),
    });

  /** Everything that is asked of a file before anything of it is taken in; `refusal`: it is sound, and may not come in. */
  const examine = async (
    source: BundleSource,
    { keyring, ...trusted }: Omit<HandlerInput<'bundles.verify'>, 'file'>,
    caller: Caller,
  ) => {
    const read = await readBundle(source, hasher, caller.signal);
    if (!read.ok) return read;
    const exchange = await deps.verify({ text: read.value.exchange, ...trusted }, caller);
    if (!exchange.ok) return exchange;
    const head = await headOf(read.value, caller.signal);
    const fault = faultOf(read.value, head, exchange.value);
    if (fault !== undefined) return err(fault);
    const vouched = await judgeBundle(read.value, trusted, ports);
    if (!vouched.ok) return vouched;
    const metadata = await metadataOf(source, read.value, keyring, caller.signal);
    if (!metadata.ok) return metadata;
    const known = await advisoriesOf(source, read.value, vouched.value);
    if (!known.ok) return known;
    const refusal =
      refusalOf(read.value, exchange.value) ??
      falselySigned(metadata.value) ??
      unvouched(vouched.value, read.value, head?.content.entries ?? []);
    return ok({
      read: read.value,
      exchange: exchange.value,
      vouched: vouched.value,
      metadata: metadata.value,
      known: known.value,
      refusal,
    });
  };

  const verify = async (
    { file, ...trusted }: HandlerInput<'bundles.verify'>,
    caller: Caller,
  ): Promise<Result<Output<'bundles.verify'>>> =>
    withFile(bundles, file, async (source) => {
      const examined = await examine(source, trusted, caller);
      if (!examined.ok) return examined;
      const { read, exchange, vouched, metadata, known, refusal } = examined.value;
      const { outcome, refusal: _, ...rest } = exchange;
      return ok({
        ...rest,
        ok: refusal === undefined,
        ...(refusal === undefined ? (outcome === undefined ? {} : { outcome }) : { refusal }),
        bundle: reportOf(read, vouched, metadata, known),
        lacking: lackingOf(read),
      });
    });

  /** One package file out of the bundle into the pool; `true`: it was not there before. */
  const takeIn = async (
    source: BundleSource,
    read: ReadBundle,
    one: BundlePackage,
  ): Promise<Result<boolean>> => {
    if (artefacts.find(one).some((copy) => copy.sha256 === one.sha256)) return ok(false);
    const span = read.packages.get(one.sha256);
    if (span === undefined) return ok(false);
    const room = await makeRoom(ports, one.bytes);
    if (!room.ok) return room;
    const { ecosystem, name, arch, version } = one;
    const { snapshot } = read.manifest;
    const opened = await artefacts.receive({
      key: { ecosystem, name, arch, version },
      bytes: one.bytes,
      hash: { sha256: one.sha256 },
      source: 'bundle',
      from: `the bundle of ${snapshot.name}@${snapshot.revision}`,
    });
    if (!opened.ok) return opened;
    const writer = opened.value;
    while (writer.offset < one.bytes) {
      const piece = await source.read(
        span.offset + writer.offset,
        Math.min(PIECE_BYTES, one.bytes - writer.offset),
      );
      if (!piece.ok || piece.value.length === 0) {
        writer.suspend();
        return piece.ok ? fail('exchange.tampered', 'The bundle was changed while it was read.') : piece;
      }
      if (!writer.write(piece.value)) break;
    }
    const finished = await writer.finish();
    return finished.ok ? ok(true) : finished;
  };

  const importFile = async (
    { file, keyring, ...trusted }: HandlerInput<'bundles.import'>,
    caller: Caller,
  ): Promise<Result<Output<'bundles.import'>>> =>
    withFile(bundles, file, async (source) => {
      const examined = await examine(
        source,
        { ...trusted, ...(keyring === undefined ? {} : { keyring }) },
        caller,
      );
      if (!examined.ok) return examined;
      const { read, vouched, metadata, known, refusal } = examined.value;
      if (refusal !== undefined) return { ok: false, error: refusal };
      const { manifest } = read;
      const carried = manifest.packages.filter((one) => one.carried);
      const activity = ports.activities.begin(
        'bundle',
        `Import of ${manifest.snapshot.name}@${manifest.snapshot.revision}`,
        carried.length,
      );
      const signal = AbortSignal.any([activity.signal, caller.signal]);
      const added: string[] = [];
      const undo = async <T>(error: Result<T>): Promise<Result<T>> => {
        for (const sha256 of added) await artefacts.remove(sha256);
        return error;
      };
      try {
        for (const one of carried) {
          if (signal.aborted)
            return undo(fail('cancelled', 'The import was cancelled; nothing was taken in.'));
          activity.started(one.name);
          const taken = await takeIn(source, read, one);
          if (!taken.ok) return undo(taken);
          if (taken.value) {
            added.push(one.sha256);
            activity.moved(one.bytes);
          }
          activity.finished(one.name, false);
        }
        const advisories = await stageBundled(ports, known.taken, signal);
        // The snapshot, what its packages are and what is known of them: all at once, or nothing.
        const imported = await deps
          .import(
            { text: read.exchange, ...trusted },
            (lineId) => {
              advisories.finish();
              store.putBundled(lineId, manifest.packages);
            },
            signal,
          )
          .finally(() => advisories.end());
        if (!imported.ok) return undo(imported);
        if (known.taken.length > 0) ports.changes.announce({ type: 'advisories' });
        return ok({ ...imported.value, bundle: reportOf(read, vouched, metadata, known) });
      } catch (thrown) {
        await undo(ok(undefined));
        throw thrown;
      } finally {
        activity.end();
      }
    });

  return { verify, import: importFile };
};
