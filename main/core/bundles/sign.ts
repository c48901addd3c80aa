/** Who vouches for a bundle: signatures over its manifest's hash, which covers every file in it. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { type Incoming, openIncoming, type Vouched } from '../exchange/incoming.ts';
import { judgeSignature, viewOfSignature } from '../exchange/judge.ts';
import { signRevision } from '../exchange/service.ts';
import { knownSigners, trustOf } from '../exchange/trusted.ts';
import type { Ports } from '../ports.ts';
import { canonicalJson } from '../snapshots/canonical.ts';
import { knownHash } from './collect.ts';
import type { BundleSink, BundleSource } from './ports.ts';
import { type ReadBundle, readBundle, SIGNATURES_NAME } from './read.ts';
import { paddingOf, tarHeader } from './tar.ts';

const PIECE_BYTES = 1024 * 1024;
const MAX_SIGNATURES = 50;

/** What is signed, in the form of a revision's id: the same tools sign both. */
export const bundleText = (id: string): string => `sha256:${id}`;

type Judging = Pick<Ports, 'store' | 'verifier' | 'cipher' | 'clock'>;

/** Errors: `input.invalid` (the lists of signers). */
export const judgeBundle = async (
  read: ReadBundle,
  trusted: Omit<Incoming, 'text'>,
  ports: Judging,
): Promise<Result<Vouched>> => {
  const opened = await openIncoming({ ...trusted, text: '' }, 0, ports);
  return opened.ok ? ok(opened.value.vouch(bundleText(read.id), read.signatures)) : opened;
};

/**
 * Why a bundle is not taken for its signatures. A false one is one too many. Where only signed files are taken, an unsigned
 * bundle may still come in if the snapshot, whose own signatures are judged by themselves, knows the hash of every new package.
 */
export const unvouched = (
  { judged, refusal }: Vouched,
  read: ReadBundle,
  entries: readonly Entry[],
): FrostError | undefined => {
  if (refusal === undefined) return undefined;
  if (refusal.code !== 'signature.missing') return refusal;
  const loose = read.manifest.packages.find(
    (one) => one.role === 'new' && one.carried && knownHash(one, entries) === undefined,
  );
  return loose === undefined || judged.length > 0
    ? undefined
    : frostError(
        'signature.missing',
        `The bundle is not signed, and the snapshot does not know the hash of ${loose.name} ${loose.version} in it.`,
        { hint: 'Ask its author to sign the bundle (snapshot bundle --sign KEY), and for the file again.' },
      );
};

const copy = async (
  source: BundleSource,
  from: number,
  to: number,
  sink: BundleSink,
): Promise<Result<void>> => {
  for (let offset = from; offset < to; ) {
    const piece = await source.read(offset, Math.min(PIECE_BYTES, to - offset));
    if (!piece.ok) return piece;
    if (piece.value.length === 0)
      return fail('store.damaged', 'The bundle became shorter while it was read.');
    const written = await sink.write(piece.value);
    if (!written.ok) return written;
    offset += piece.value.length;
  }
  return ok(undefined);
};

/** Writes the same bundle once more, with these signatures. */
const rewritten = async (
  source: BundleSource,
  read: ReadBundle,
  signatures: ReadBundle['signatures'],
  sink: BundleSink,
): Promise<Result<void>> => {
  const content = new TextEncoder().encode(canonicalJson(signatures));
  const seconds = Date.parse(read.manifest.createdAt) / 1000;
  const manifest = await copy(source, 0, read.manifestEnd, sink);
  if (!manifest.ok) return manifest;
  for (const part of [
    tarHeader(SIGNATURES_NAME, content.length, seconds),
    content,
    new Uint8Array(paddingOf(content.length)),
  ]) {
    const written = await sink.write(part);
    if (!written.ok) return written;
  }
  return copy(source, read.bodyStart, source.bytes, sink);
};

/** Adds a signature to a bundle; one of the same key takes the place of the earlier one. */
export const signBundle =
  (ports: Ports) =>
  async (
    { file, with: how }: HandlerInput<'bundles.sign'>,
    signal: AbortSignal,
  ): Promise<Result<Output<'bundles.sign'>>> => {
    const { bundles, clock, hasher, store, verifier } = ports;
    const opened = await bundles.open(file);
    if (!opened.ok) return opened;
    const source = opened.value;
    try {
      const read = await readBundle(source, hasher, signal);
      if (!read.ok) return read;
      const text = bundleText(read.value.id);
      const armor = how.kind === 'signature' ? ok(how.armor.trim()) : await signRevision(text, how, ports);
      if (!armor.ok) return armor;
      const trust = trustOf(knownSigners(store));
      const judge = (one: string) =>
        judgeSignature(one, { revisionId: text, trust, at: clock.now(), verifier });
      const judged = judge(armor.value);
      const { fingerprint } = judged;
      if (!judged.sound)
        return fail('signature.invalid', `This is not a signature of this bundle: ${judged.reason ?? ''}.`, {
          hint: `It has to be over ${text} and nothing else.`,
        });
      if (judged.status === 'revoked')
        return fail(
          'signature.revoked',
          `The key ${fingerprint} was revoked here; nothing is signed with it.`,
        );
      const kept = read.value.signatures.filter((one) => one.fingerprint !== fingerprint);
      if (kept.length >= MAX_SIGNATURES)
        return fail('state.conflict', `A bundle has at most ${MAX_SIGNATURES} signatures.`);
      const signatures = [...kept, { fingerprint, armor: armor.value }];
      const sink = await bundles.create(file);
      if (!sink.ok) return sink;
      const written = await rewritten(source, read.value, signatures, sink.value);
      if (!written.ok) {
        await sink.value.abandon();
        return written;
      }
      const finished = await sink.value.finish();
      if (!finished.ok) return finished;
      return ok({
        file,
        id: read.value.id,
        bytes: finished.value.bytes,
        fingerprint,
        signatures: signatures.map((one) => viewOfSignature(judge(one.armor))),
      });
    } finally {
      await source.close();
    }
  };
