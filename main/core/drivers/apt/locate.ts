/**
 * Where apt would download from what a request installs (apt-get(8), `--print-uris`), beside what its lists, which are signed,
 * say of the same files (apt-cache(8), `show`). Without root; nothing is downloaded, and only a temporary folder is written to.
 */
import { ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import { Location, MAX_LOCATIONS } from '../locate.ts';
import { framedScript, quote, readSections } from '../shell.ts';
import { artefactFile } from './capture.ts';
import { APT_FUNCTIONS } from './host.ts';
import { cumulative } from './simulate.ts';
import { readArtefacts } from './transaction.ts';

/** With a cache of its own that is empty, so that what lies in the host's cache is told, too. */
const LOCATE_FUNCTIONS = `fl_uris() { fl_aget -qq -y --print-uris --allow-downgrades -o Debug::NoLocking=1 -o Acquire::ForceHash=SHA256 -o Dir::Cache::archives="$T/archives" install "$@" 2>/dev/null; }
fl_known() { fl_asim install "$@" 2>/dev/null | fl_actions | awk '$1 == "I" { print $2 ($3 == "-" || $3 == "all" ? "" : ":" $3) "=" $5 }' | fl_words | sort -u | fl_show | grep -E '^((Package|Version|Architecture|Size|SHA256): |$)'; }`;

export function locateCommand(options: { nonce: string; stages: StageRequest[] }): CommandSpec {
  const asked = cumulative(options.stages, options.stages.length - 1)
    .map(quote)
    .join(' ');
  return {
    script: framedScript(
      options.nonce,
      `${APT_FUNCTIONS}\n${LOCATE_FUNCTIONS}`,
      `fl_tmp || { fl_mark notmp; fl_mark end; return 1; }
mkdir -p "$T/archives/partial"
fl_sec uris fl_uris ${asked}
fl_sec known fl_known ${asked}
`,
    ),
    root: false,
    timeoutMs: 300_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** `'URL' FILE SIZE SHA256:HASH`. */
const URI = /^'([^' ]{1,2000})' (\S{1,600}) (\d{1,12}) SHA256:([0-9a-f]{64})$/;

/** Those of which address and lists say the same. Errors: `host.output-malformed`, `host.command-failed`. */
export function parseLocations(output: CommandOutput, context: { nonce: string }): Result<Location[]> {
  const read = readSections(output, context.nonce, ['uris', 'known']);
  if (!read.ok) return read;
  const files = new Map(
    [...readArtefacts(read.value.text('known')).values()].map((one) => [artefactFile(one), one]),
  );
  return ok(
    read.value.lines('uris', MAX_LOCATIONS).flatMap((line) => {
      const [, url, file = '', size, sha256] = URI.exec(line) ?? [];
      const known = files.get(file);
      if (known === undefined || known.sha256 !== sha256 || known.sizeBytes !== Number(size)) return [];
      const { name, arch, version } = known;
      const row = Location.safeParse({ name, arch, version, url, bytes: Number(size), sha256 });
      return row.success ? [row.data] : [];
    }),
  );
}
