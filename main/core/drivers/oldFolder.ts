/** The folder of a job in which a capture puts the old packages aside: how it is made, and what its absence means. */
import type { z } from 'zod';
import { fail, type Result } from '../../../shared/errors.ts';
import { Capture } from '../../../shared/model/run.ts';
import type { CommandOutput } from '../ports.ts';
import { checkedToken, HOST_FOLDER, plainLine, readSections, type Sections } from './shell.ts';

/** Sets D and O and makes both; `also`: what else must succeed. Else the section `nofolder`, and the script ends. */
export const makeOldFolder = (
  token: string,
  also = '',
): string => `D="$R${HOST_FOLDER}/jobs/${checkedToken(token)}"; O=$D/old
mkdir -p "$O" && fl_own "$R${HOST_FOLDER}" "$R${HOST_FOLDER}/jobs" "$D" "$O" && chmod 700 "$R${HOST_FOLDER}" "$R${HOST_FOLDER}/jobs" "$D" "$O"${also === '' ? '' : ` && ${also}`} || { fl_mark nofolder; fl_mark end; return 1; }
`;

/** Undefined: it was made. Errors: `host.output-malformed`, `host.disk-full`, `host.read-only`, `host.command-failed`. */
export function oldFolderFault(output: CommandOutput, nonce: string): Result<never> | undefined {
  const marks = readSections(output, nonce, []);
  if (!marks.ok) return marks;
  if (!marks.value.has('nofolder')) return undefined;
  const said = plainLine(output.stderr, 300);
  return fail(
    /Read-only/i.test(said)
      ? 'host.read-only'
      : /not a folder of root alone/.test(said)
        ? 'host.command-failed'
        : 'host.disk-full',
    `The folder for the old packages could not be made${said === '' ? '' : `: ${said}`}.`,
  );
}

const readRows = <T>(lines: string[], read: (words: string[]) => unknown, schema: z.ZodType<T>): T[] =>
  lines.flatMap((line) => {
    const row = schema.safeParse(read(line.split('\t')));
    return row.success ? [row.data] : [];
  });

const securedRow = ([name, arch, version, path, sha256, source, bytes, offered]: string[]) => ({
  name,
  arch,
  version,
  path,
  sha256,
  ...(source !== undefined && { source, offered: offered === 'yes' }),
  ...(bytes !== undefined && /^\d{1,15}$/.test(bytes) && { bytes: Number(bytes) }),
});

/**
 * Sections `secured` (name, arch, version, path, SHA-256, source, bytes, whether it is on offer) and `unsecured` (name, arch, version,
 * reason, whether it is on offer) of a capture that is a shell script. `spell`: a reason as it was before the manager wrote it down.
 */
export const readOldPackages = (
  sections: Sections,
  spell: (reason: string) => string = (reason) => reason,
): Pick<Capture, 'secured' | 'unsecured'> => ({
  secured: readRows(sections.lines('secured', 20_000), securedRow, Capture.shape.secured.element),
  unsecured: readRows(
    sections.lines('unsecured', 20_000),
    ([name, arch, version, reason, offered]) => ({
      name,
      arch,
      version,
      reason: plainLine(spell(reason ?? ''), 1000),
      offered: offered === 'yes',
    }),
    Capture.shape.unsecured.element,
  ),
});
