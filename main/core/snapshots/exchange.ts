/**
 * Exchange files (`*.frost.json`, docs/snapshot-format.md): writing one, and reading one that anybody may have written.
 *
 * Reading checks in this order, so that the first thing said is the cause: size, JSON, kind and version of the file, the head's
 * hash, the chain of parents, and only then whether each revision is one this version understands. Nothing is taken from a
 * file that was not covered by a hash that was checked, and signatures are judged before anything that they cover is read.
 */
import { z } from 'zod';
import { type FrostError, FrostFault, fail, ok, type Result } from '../../../shared/errors.ts';
import { ContentHash } from '../../../shared/model/primitives.ts';
import {
  EXCHANGE_FORMAT,
  ExchangeFile,
  REVISION_FORMAT,
  type Revision,
  RevisionContent,
} from '../../../shared/model/snapshot.ts';
import { parseSelector } from '../fleet/selector.ts';
import type { Hasher, WrittenRevision } from '../ports.ts';
import { atOnce, type Steps } from '../turns.ts';
import { chainSteps } from './ancestry.ts';
import { canonicalJson } from './canonical.ts';
import { entryKey, entryLabel } from './edit.ts';
import { checkFreezes } from './exchangeFreezes.ts';
import { stop } from './exchangeStop.ts';
import { MAX_RECURRING, occurrencesOf } from './recurrence.ts';
import { strictJsonSteps } from './strictJson.ts';

/** Of the file's UTF-8 bytes. */
export const MAX_EXCHANGE_BYTES = 32 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
const MAX_REVISIONS = 10_000;
/** In the history of one snapshot. Each is held against those before it. */
const MAX_FREEZES = 1000;
/** What a look at a revision costs besides its text, in characters. */
const LOOK = 500;
const RECURRENCE = 50_000;
/** How often all of a file's text is gone through, about. */
export const READ_PASSES = 5;
/** Far more than the size limit allows for real files; keeps `[[],[],…` from filling the memory. */
const JSON_LIMITS = { depth: 32, values: 4_000_000 };

export type ReadExchange = {
  revisions: WrittenRevision[];
  head: Revision;
  signatures: ExchangeFile['signatures'];
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/**
 * One revision per line, each in canonical form, so that its hash is that of the line. `revisions`: oldest first, the last one
 * is the head. Error: `input.too-large` where the file could not be read back. In steps of characters.
 */
export function* writeSteps(
  revisions: Revision[],
  headId: string,
  signatures: ExchangeFile['signatures'] = [],
): Steps<Result<{ text: string; bytes: number }>> {
  const tooMany = (count: number, what: string, most: number): Result<never> =>
    fail(
      'input.too-large',
      `The history of this snapshot has ${count} ${what}, more than a file may have (${most}).`,
      { hint: 'Make a new snapshot of its newest revision, and export that.' },
    );
  if (revisions.length > MAX_REVISIONS) return tooMany(revisions.length, 'revisions', MAX_REVISIONS);
  const freezes = revisions.filter(({ content }) => content.freeze !== undefined).length;
  if (freezes > MAX_FREEZES) return tooMany(freezes, 'freezes', MAX_FREEZES);
  const lines: string[] = [];
  for (const { content } of revisions) {
    const line = canonicalJson(content);
    lines.push(line);
    yield line.length;
  }
  const text = `{"format":"${EXCHANGE_FORMAT}","head":"${headId}","revisions":[\n${lines.join(',\n')}\n],"signatures":${canonicalJson(signatures)}}\n`;
  const bytes = bytesOf(text);
  return bytes > MAX_EXCHANGE_BYTES
    ? fail(
        'input.too-large',
        `The history of this snapshot is ${bytes} bytes, more than a file may have (${MAX_EXCHANGE_BYTES}).`,
      )
    : ok({ text, bytes });
}

export const writeExchange = (
  ...given: Parameters<typeof writeSteps>
): Result<{ text: string; bytes: number }> => atOnce(writeSteps(...given));

const Envelope = z.strictObject({
  format: z.string(),
  head: ContentHash,
  revisions: z
    .array(z.record(z.string(), z.unknown()))
    .min(1)
    .max(MAX_REVISIONS)
    // Before anything is hashed: a revision of a million entries is none, whatever stands in them.
    .refine(
      (all) => all.every(({ entries }) => !Array.isArray(entries) || entries.length <= MAX_ENTRIES),
      `a revision has more than ${MAX_ENTRIES} entries`,
    ),
  signatures: ExchangeFile.shape.signatures,
});

/** What the chain is checked on before a revision is known to be well formed. */
const Link = z.looseObject({ number: z.number().catch(0), parents: z.array(z.string()).catch([]) });

const NO_LINK: z.infer<typeof Link> = { number: -1, parents: [] };

const where = (issue: z.core.$ZodIssue | undefined): string =>
  issue === undefined
    ? ''
    : `: ${issue.path.map(String).join('.') || 'its top'}: ${issue.message}`.slice(0, 300);

function* readJson(text: string): Steps<unknown> {
  if (text.length > MAX_EXCHANGE_BYTES || bytesOf(text) > MAX_EXCHANGE_BYTES)
    stop('exchange.too-large', `The file is larger than ${MAX_EXCHANGE_BYTES / 1024 / 1024} MiB.`);
  const parsed = yield* strictJsonSteps(text, JSON_LIMITS);
  if (parsed.ok) return parsed.value;
  const { truncated, offset, message } = parsed.error;
  return truncated
    ? stop(
        'exchange.malformed',
        `The file is truncated: it ends in the middle, after ${offset} characters.`,
        'Copy it again.',
      )
    : stop('exchange.malformed', `The file is not sound JSON: at character ${offset} it ${message}.`);
}

const readEnvelope = (value: unknown): z.infer<typeof Envelope> => {
  const format = z.looseObject({ format: z.string() }).safeParse(value);
  if (!format.success || !format.data.format.startsWith('frostline.exchange/'))
    return stop('exchange.malformed', 'The file is not a Frostline exchange file.');
  if (format.data.format !== EXCHANGE_FORMAT)
    return stop(
      'exchange.unknown-version',
      `The file is ${JSON.stringify(format.data.format.slice(0, 60))}; this version reads ${EXCHANGE_FORMAT}.`,
      'Update Frostline, or export it again with the older version.',
    );
  const envelope = Envelope.safeParse(value);
  return envelope.success
    ? envelope.data
    : stop(
        'exchange.malformed',
        `The file does not have the form of an exchange file${where(envelope.error.issues[0])}.`,
      );
};

type Hashed = { id: string; text: string };

function* hashAll(revisions: unknown[], hasher: Hasher): Steps<Hashed[]> {
  const all: Hashed[] = [];
  for (const raw of revisions) {
    const text = canonicalJson(raw);
    all.push({ id: `sha256:${hasher.sha256(text)}`, text });
    yield text.length;
  }
  return all;
}

/** The head's id against the one the file names, and every parent in the file before its child or known here. */
function* checkChain(
  envelope: z.infer<typeof Envelope>,
  ids: string[],
  stored: (id: string) => boolean,
): Steps<void> {
  const links: z.infer<typeof Link>[] = [];
  for (const raw of envelope.revisions) {
    links.push(Link.parse(raw));
    yield LOOK;
  }
  const present = new Set(ids);
  if (ids.at(-1) !== envelope.head) {
    if (ids.includes(envelope.head))
      stop(
        'exchange.broken-chain',
        'The file names a revision as its newest that is not the last one in it.',
      );
    stop(
      'exchange.tampered',
      `The content was changed: the newest revision's hash is ${ids.at(-1)}, the file says ${envelope.head}.`,
      'Ask for the file again, and compare the id with its author.',
    );
  }
  const seen = new Set<string>();
  for (const [index, id] of ids.entries()) {
    const { number, parents } = links[index] ?? NO_LINK;
    if (seen.has(id)) stop('exchange.broken-chain', `Revision ${number} is in the file twice.`);
    for (const parent of parents) {
      if (seen.has(parent)) continue;
      // The revision that should be the parent is there, under another hash: somebody changed it. That the true one may be
      // known here does not make the file sound.
      const before = index === 0 ? NO_LINK : (links[index - 1] ?? NO_LINK);
      const own = ids[index - 1] ?? '';
      if (before.number === number - 1 && !parents.includes(own) && !present.has(parent))
        stop(
          'exchange.tampered',
          `The content was changed: revision ${before.number} has the hash ${own}, revision ${number} was made from ${parent.slice(0, 80)}.`,
          'Ask for the file again, and compare the id with its author.',
        );
      if (!stored(parent))
        stop(
          'exchange.broken-chain',
          `Revision ${number} was made from ${parent.slice(0, 80)}, which is neither before it in the file nor here.`,
          'Ask for an export of the whole snapshot.',
        );
    }
    seen.add(id);
    yield LOOK;
  }
  // Only what the head's hash covers may come in with it.
  const children = new Set(links.flatMap((link) => link.parents));
  for (const [index, id] of ids.entries())
    if (id !== envelope.head && !children.has(id))
      stop(
        'exchange.broken-chain',
        `Revision ${links[index]?.number} in the file is not part of the newest one's history.`,
      );
}

const readContent = (raw: Record<string, unknown>, text: string, index: number): RevisionContent => {
  const format = raw.format;
  if (typeof format === 'string' && format.startsWith('frostline.revision/') && format !== REVISION_FORMAT)
    stop(
      'exchange.unknown-version',
      `Revision ${index + 1} of the file is ${JSON.stringify(format.slice(0, 60))}; this version reads ${REVISION_FORMAT}.`,
      'Update Frostline.',
    );
  const parsed = RevisionContent.safeParse(raw);
  if (!parsed.success)
    return stop(
      'exchange.malformed',
      `Revision ${index + 1} of the file is not sound${where(parsed.error.issues[0])}.`,
    );
  // Reading must not have dropped or trimmed anything: what is stored has to have the hash that was checked.
  if (canonicalJson(parsed.data) !== text)
    return stop(
      'exchange.malformed',
      `Revision ${index + 1} of the file holds fields that ${REVISION_FORMAT} does not have.`,
    );
  return parsed.data;
};

const checkSense = (
  content: RevisionContent,
  line: RevisionContent['line'],
  byId: (id: string) => RevisionContent | undefined,
): void => {
  const bad = (what: string): never => stop('exchange.malformed', `Revision ${content.number} ${what}.`);
  const parents = content.parents.flatMap((id) => byId(id) ?? []);
  if (content.line.id !== line.id || content.line.name !== line.name)
    stop(
      'exchange.broken-chain',
      `Revision ${content.number} belongs to another snapshot than the newest one.`,
    );
  for (const parent of parents)
    if (parent.line.id !== line.id || parent.line.name !== line.name)
      stop(
        'exchange.broken-chain',
        `Revision ${content.number} was made from a revision of another snapshot.`,
      );
  if (new Set(content.parents).size !== content.parents.length) bad('was made from one revision twice');
  const expected = Math.max(0, ...parents.map((parent) => parent.number)) + 1;
  if (content.number !== expected) bad(`should have the number ${expected}`);
  const keys = new Set<string>();
  for (const entry of content.entries) {
    if (keys.has(entryKey(entry))) bad(`lists ${entryLabel(entry)} twice`);
    keys.add(entryKey(entry));
  }
  const { freeze, thaw, continues } = content;
  if (freeze !== undefined && thaw !== undefined) bad('is frozen and a thaw at once');
  if (freeze !== undefined && Date.parse(freeze.to) <= Date.parse(freeze.from))
    bad('has a freeze that ends before it begins');
  if (continues !== undefined && (freeze !== undefined || thaw !== undefined))
    bad('continues a freeze and is another, or lifts one');
  if ((continues === undefined) !== (content.exceptions.length === 0))
    bad('has exceptions without a freeze, or continues one without any');
  if (new Set(content.exceptions.map(entryKey)).size !== content.exceptions.length)
    bad('has two exceptions for one package');
  const windows = freeze === undefined ? undefined : occurrencesOf(freeze);
  if (windows?.ok === false) bad(`has a freeze whose times cannot be followed: ${windows.error.message}`);
  if (freeze !== undefined && !parseSelector(freeze.hosts).ok)
    bad('has a freeze on hosts that cannot be read');
};

/**
 * Reads and checks an exchange file; `stored` gives revisions that are here already. Errors: `exchange.too-large`,
 * `exchange.malformed` (truncated ones say so), `exchange.unknown-version`, `exchange.tampered`, `exchange.broken-chain`. In steps of
 * characters, about `READ_PASSES` for each of the text.
 */
export function* readSteps(
  text: string,
  context: {
    hasher: Hasher;
    stored(id: string): Revision | undefined;
    /** Judges the signatures once the chain is known to be what the head's hash says; an error refuses the file. */
    vouch?(head: string, signatures: ExchangeFile['signatures']): FrostError | undefined;
  },
): Steps<Result<ReadExchange>> {
  try {
    const envelope = readEnvelope(yield* readJson(text));
    const hashed = yield* hashAll(envelope.revisions, context.hasher);
    yield* checkChain(
      envelope,
      hashed.map(({ id }) => id),
      (id) => context.stored(id) !== undefined,
    );
    const unvouched = context.vouch?.(envelope.head, envelope.signatures);
    if (unvouched !== undefined) throw new FrostFault(unvouched);
    const revisions: WrittenRevision[] = [];
    for (const [index, { id, text: canonical }] of hashed.entries()) {
      revisions.push({
        id,
        content: readContent(envelope.revisions[index] ?? {}, canonical, index),
        canonical,
      });
      yield canonical.length * 2;
    }
    const own = new Map(revisions.map((revision) => [revision.id, revision]));
    const byId = (id: string) => own.get(id) ?? context.stored(id);
    const head = revisions.at(-1);
    if (head === undefined) return fail('exchange.malformed', 'The file holds no revision.');
    const freezes = revisions.flatMap(({ content }) => content.freeze ?? []);
    if (freezes.length > MAX_FREEZES)
      return fail('exchange.too-large', `The file has more than ${MAX_FREEZES} freezes.`);
    if (freezes.filter(({ recurrence }) => recurrence !== undefined).length > MAX_RECURRING)
      return fail('exchange.too-large', `The file has more than ${MAX_RECURRING} recurring freezes.`);
    for (const { content, canonical } of revisions) {
      checkSense(content, head.content.line, (id) => byId(id)?.content);
      yield content.freeze?.recurrence === undefined ? canonical.length / 4 : RECURRENCE;
    }
    yield* checkFreezes(yield* chainSteps(head, byId));
    return ok({ revisions, head, signatures: envelope.signatures });
  } catch (error) {
    if (error instanceof FrostFault)
      // What has no canonical form came out of the file too.
      return fail(
        error.error.code === 'input.invalid' ? 'exchange.malformed' : error.error.code,
        error.error.message,
        error.error.hint === undefined ? {} : { hint: error.error.hint },
      );
    throw error;
  }
}

export const readExchange = (...given: Parameters<typeof readSteps>): Result<ReadExchange> =>
  atOnce(readSteps(...given));
