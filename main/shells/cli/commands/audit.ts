/** `audit`: the log of what was done, and its verifier, which needs neither store nor host process. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Command } from 'commander';
import { exitCodeOf, frostError } from '../../../../shared/errors.ts';
import { type AuditHead, type AuditVerdict, auditOutcome } from '../../../../shared/model/audit.ts';
import { ContentHash } from '../../../../shared/model/primitives.ts';
import { systemHasher } from '../../../adapters/platform.ts';
import { createAuditVerifier, MAX_LINE_CHARACTERS } from '../../../core/audit/chain.ts';
import { type Context, invalid, tellError, unwrap } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { unreadable } from '../invalid.ts';
import { OutputFile } from '../outputFile.ts';
import type { Register } from '../register.ts';
import { bytes, count, safe, table } from '../terminal.ts';

/** More is no log that this console wrote; it would be read for hours. */
const LARGEST_BYTES = 4 * 1024 ** 3;
const READ_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** The file's lines as bytes, without their ends; only one piece of it is in memory at a time. A line that is too long comes as null. */
function* linesOf(path: string): Generator<Uint8Array | null> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
  try {
    const state = fstatSync(file);
    if (!state.isFile()) throw invalid(`${path} is not a file.`);
    if (state.size > LARGEST_BYTES) throw invalid(`${path} is larger than ${bytes(LARGEST_BYTES)}.`);
    const piece = Buffer.alloc(READ_BYTES);
    let rest = Buffer.alloc(0);
    let tooLong = false;
    for (;;) {
      const read = readSync(file, piece, 0, READ_BYTES, null);
      if (read === 0) break;
      let from = 0;
      for (
        let end = piece.indexOf(NEWLINE, from);
        end >= 0 && end < read;
        end = piece.indexOf(NEWLINE, from)
      ) {
        yield tooLong ? null : Buffer.concat([rest, piece.subarray(from, end)]);
        rest = Buffer.alloc(0);
        tooLong = false;
        from = end + 1;
      }
      if (tooLong) continue;
      rest = Buffer.concat([rest, piece.subarray(from, read)]);
      // UTF-8 needs at most three bytes for a UTF-16 code unit.
      if (rest.length > MAX_LINE_CHARACTERS * 3) {
        tooLong = true;
        rest = Buffer.alloc(0);
      }
    }
    if (tooLong) yield null;
    else if (rest.length > 0) yield rest;
  } catch (thrown) {
    throw thrown instanceof Error && 'code' in thrown ? unreadable(path, thrown) : thrown;
  } finally {
    closeSync(file);
  }
}

export const verifyFile = (path: string, expectHead: string | undefined): AuditVerdict => {
  const verifier = createAuditVerifier(systemHasher, expectHead === undefined ? {} : { expectHead });
  // A byte order mark is not left out in silence: it is not part of a line.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (const line of linesOf(path)) {
    let text: string | undefined;
    try {
      text = line === null ? undefined : decoder.decode(line);
    } catch {
      text = undefined;
    }
    verifier.push(text);
  }
  return verifier.end();
};

const headText = (head: AuditHead): string => `Head: number ${head.seq}, ${head.hash}`;

const openText = ({ count: n, lines }: AuditVerdict['open']): string[] =>
  n === 0
    ? []
    : [
        `${count(n, 'command')} began and ${n === 1 ? 'has' : 'have'} no outcome: number ${lines.slice(0, 10).join(', ')}${n > 10 ? ' …' : ''}. Still under way, or the console ended first.`,
      ];

const tellWhole = (context: Context, verdict: AuditVerdict, what: string): void =>
  context.result(verdict, () =>
    [
      `${what}: ${count(verdict.lines, 'line')}, the chain holds.`,
      ...(verdict.expectedAt === undefined ? [] : [`The expected head is line ${verdict.expectedAt}.`]),
      ...openText(verdict.open),
      ...(verdict.head === undefined ? [] : [headText(verdict.head)]),
    ].join('\n'),
  );

const tellBroken = (context: Context, verdict: AuditVerdict, message: string): void => {
  const error = frostError('audit.broken', message, {
    hint: 'What stands before the first broken line is as it was written, as far as the chain can tell.',
  });
  context.exitCode = exitCodeOf(error);
  if (context.json) {
    context.result({ ...verdict, error: { code: error.code, message, hint: error.hint } }, () => '');
    context.note(message);
    return;
  }
  const { findings, findingCount } = verdict;
  context.result(verdict, () =>
    [
      table(
        ['LINE', 'NUMBER', 'WHAT', ''],
        findings.map((f) => [`${f.line}`, `${f.seq ?? ''}`, f.kind, f.message]),
        context.paint,
      ),
      ...(findingCount > findings.length ? [`and ${findingCount - findings.length} more`] : []),
    ].join('\n'),
  );
  tellError(error, false);
};

const tell = (context: Context, verdict: AuditVerdict, what: string): void => {
  const [first] = verdict.findings;
  if (first === undefined) tellWhole(context, verdict, what);
  else tellBroken(context, verdict, `${what}: broken at line ${first.line}: ${first.message}.`);
};

const expected = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const hash = text.startsWith('sha256:') ? text : `sha256:${text}`;
  if (!ContentHash.safeParse(hash).success)
    throw invalid(`--expect-head ${text} is not a hash.`, 'sha256: and 64 hex digits.');
  return hash;
};

export const registerAudit = (program: Command, action: Register): void => {
  const audit = program.command('audit').description('who did what, when and why; chained, and verified');

  audit
    .command('list')
    .description('the newest lines of the log')
    .option('--limit <n>', 'how many, at most 1000', '50')
    .option('--search <text>', 'only lines that hold this text')
    .action(
      action<{ limit: string; search?: string }>(async (context, _words, o) => {
        if (!/^[1-9]\d{0,3}$/.test(o.limit) || Number(o.limit) > 1000)
          throw invalid(`--limit ${o.limit}: expected a number from 1 to 1000.`);
        const client = await context.client();
        const { entries, head } = unwrap(
          await client.call('audit.list', {
            limit: Number(o.limit),
            ...(o.search === undefined ? {} : { search: o.search }),
          }),
        );
        context.result({ entries, head }, () =>
          [
            table(
              ['NUMBER', 'AT', 'WHO', 'ACTION', 'OUTCOME', 'WHY', 'WHAT'],
              entries.map((line) => [
                `${line.seq}`,
                line.at,
                line.account === undefined ? line.actor : `${line.account} (${line.actor})`,
                line.action,
                line.begun === undefined ? auditOutcome(line) : `${auditOutcome(line)} (${line.begun})`,
                (line.reason ?? '').slice(0, 60),
                line.detail.slice(0, 100),
              ]),
              context.paint,
            ),
            headText(head),
          ].join('\n'),
        );
      }),
    );

  audit
    .command('export <file>')
    .description('write the whole log, one JSON object per line')
    .action(
      action<object>(async (context, [file = '']) => {
        const client = await context.client();
        const output = new OutputFile(file);
        let lines = 0;
        let last = '';
        try {
          for await (const piece of client.stream('audit.export', {})) {
            output.write(piece.lines.map((line) => `${line}\n`).join(''));
            lines += piece.lines.length;
            last = piece.lines.at(-1) ?? last;
          }
          output.finish();
        } finally {
          output.discard();
        }
        const { head } = unwrap(await client.call('audit.list', { limit: 1 }));
        const hash = /"hash":"(sha256:[0-9a-f]{64})"/.exec(last)?.[1];
        const written = hash === undefined ? { seq: 0, hash: head.hash } : { seq: lines, hash };
        context.result({ file: output.path, lines, bytes: output.bytes, head: written }, () =>
          [
            `Wrote ${safe(output.path)}: ${count(lines, 'line')}, ${bytes(output.bytes)}`,
            headText(written),
            'Note the hash elsewhere: with it, audit verify --expect-head finds a missing end.',
          ].join('\n'),
        );
      }),
    );

  audit
    .command('verify [file]')
    .description('check the chain of an exported log; without a file, of this console’s own')
    .option('--expect-head <hash>', 'a head noted earlier: the log must have it')
    .action(
      action<{ expectHead?: string }>(async (context, [file], o) => {
        const expectHead = expected(o.expectHead);
        if (file !== undefined)
          return tell(
            context,
            interruptible(() => verifyFile(file, expectHead)),
            safe(file),
          );
        const client = await context.client();
        const verdict = unwrap(
          await client.call('audit.verify', expectHead === undefined ? {} : { expectHead }),
        );
        tell(context, verdict, 'The audit log');
      }),
    );
};
