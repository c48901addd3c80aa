/** Where zypper would download from what a request installs. Without root; from the metadata it has. */
import { ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import { Location, MAX_LOCATIONS } from '../locate.ts';
import { readAnswer, script } from './host.ts';
import { offerKey, offersByKey, readLists } from './lists.ts';
import { asked, capabilities, INSTALL } from './request.ts';
import { elementsOf, unescapeXml } from './xml.ts';

export function locateCommand(options: { nonce: string; stages: StageRequest[] }): CommandSpec {
  const body = `fl_work && fl_ready || { fl_mark notmp; fl_mark end; return 1; }
fl_ask lr >"$T/repos" 2>/dev/null; fl_sec repos cat "$T/repos"
fl_ask ${INSTALL} --dry-run ${capabilities(asked(options.stages))} >"$T/solve" 2>&1
fl_sec solve cat "$T/solve"
fl_named "$T/solve" >"$T/names"
fl_sec lists fl_lists "$T/names" "$T/repos"
`;
  return {
    script: script(options.nonce, body),
    root: false,
    timeoutMs: 300_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Alias → address of the repositories. */
function addressesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, attributes = '', url = ''] of text.matchAll(/<repo ([^>]*)>\s*<url>([^<]*)<\/url>/g)) {
    const [repo] = elementsOf(`<repo ${attributes}>`, 'repo');
    const alias = repo?.attributes.get('alias');
    if (alias !== undefined) found.set(alias, unescapeXml(url));
  }
  return found;
}

/** Errors: those of `readAnswer`. */
export function parseLocations(output: CommandOutput, context: { nonce: string }): Result<Location[]> {
  const read = readAnswer(output, context.nonce, ['repos', 'solve', 'lists']);
  if (!read.ok) return read;
  const sections = read.value;
  const addresses = addressesOf(sections.text('repos'));
  const offers = offersByKey(readLists(sections.lines('lists', 1_000_000)).offers);
  const locations = elementsOf(sections.text('solve'), 'solvable', ['to-']).flatMap(
    ({ attributes, within }) => {
      const name = attributes.get('name') ?? '';
      const arch = attributes.get('arch') ?? '';
      const version = attributes.get('edition') ?? '';
      const offer = offers.get(offerKey({ name, arch, version }));
      const address = addresses.get(offer?.repo ?? '');
      if (within === 'to-remove' || offer?.sha256 === undefined || address === undefined) return [];
      const url = `${address.replace(/\/+$/, '')}/${offer.place}`;
      const location = Location.safeParse({
        name,
        arch,
        version,
        url,
        sha256: offer.sha256,
        bytes: offer.bytes,
      });
      return location.success ? [location.data] : [];
    },
  );
  return ok(locations.slice(0, MAX_LOCATIONS));
}
