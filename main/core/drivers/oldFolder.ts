/** The folder of a job in which a capture puts the old packages aside: how it is made, and what its absence means. */
import { fail, type Result } from '../../../shared/errors.ts';
import type { CommandOutput } from '../ports.ts';
import { checkedToken, HOST_FOLDER, plainLine, readSections } from './shell.ts';

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
