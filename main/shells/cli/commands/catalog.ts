/** `catalog`: every package version ever seen. `advisories`: what is known about them from imported data. */
import { type Command, Option } from 'commander';
import { ADVISORY_PIECE_BYTES, MAX_ADVISORY_BYTES } from '../../../../shared/contract/advisories.ts';
import type { Client } from '../../../../shared/contract/contract.ts';
import { groundLabel } from '../../../../shared/grounds.ts';
import { AdvisoryFormat, type AdvisoryImport } from '../../../../shared/model/advisory.ts';
import type { CatalogOffer } from '../../../../shared/model/catalog.ts';
import { invalid, unwrap } from '../context.ts';
import { readBytes } from '../files.ts';
import { showProgress } from '../progress.ts';
import type { Register } from '../register.ts';
import { count, names, safe, table } from '../terminal.ts';

const age = (made: AdvisoryImport): string =>
  `${made.asOf.slice(0, 10)}${made.dated ? '' : ' (imported then; the data has no date)'}`;

/** `important security, hosts’ own lists 2026-11-20`. */
const offeredAs = ({ severity, classification, grounds }: CatalogOffer): string =>
  [
    severity === 'unknown' ? classification : `${severity} ${classification}`,
    ...grounds.map(groundLabel),
  ].join(', ');

const send = async (client: Client, fileName: string, bytes: Buffer): Promise<string> => {
  if (bytes.length === 0) throw invalid(`${fileName} is empty.`);
  const { upload } = unwrap(await client.call('advisories.begin', { fileName, bytes: bytes.length }));
  for (let offset = 0; offset < bytes.length; offset += ADVISORY_PIECE_BYTES) {
    const data = bytes.subarray(offset, offset + ADVISORY_PIECE_BYTES).toString('base64');
    unwrap(await client.call('advisories.put', { upload, offset, data }));
  }
  return upload;
};

const instant = (text: string): string => {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw invalid(`--as-of ${text}: expected a date, such as 2026-11-23.`);
  return new Date(at).toISOString();
};

export const registerCatalog = (program: Command, action: Register): void => {
  const catalog = program.command('catalog').description('every package version the scans ever saw');

  catalog
    .command('search [text]')
    .description('packages whose name has this in it')
    .action(
      action(async (context, [text]) => {
        const client = await context.client();
        const found = unwrap(await client.call('catalog.search', { text: text ?? '' }));
        context.result(found, () =>
          found.packages.length === 0
            ? 'No scan has shown such a package.'
            : [
                table(
                  ['PACKAGE', 'ECOSYSTEM', 'VERSIONS', 'HOSTS', 'NEWEST SEEN'],
                  found.packages.map((one) => [
                    `${one.name}:${one.arch}`,
                    one.ecosystem,
                    `${one.versions}`,
                    `${one.installedOn}`,
                    one.lastNewAt,
                  ]),
                  context.paint,
                ),
                ...(found.more ? ['There are more: give more of the name.'] : []),
              ].join('\n'),
        );
      }),
    );

  catalog
    .command('show <package>')
    .description(
      'its versions: when and where each was first seen, who offers it, what is known to be wrong with it',
    )
    .action(
      action(async (context, [name]) => {
        const client = await context.client();
        const found = unwrap(await client.call('catalog.show', { name: name ?? '' }));
        context.result(found, () =>
          [
            table(
              [
                'VERSION',
                'ARCH',
                'FIRST SEEN',
                'ON',
                'HOSTS',
                'OFFERED BY',
                'OFFERED AS',
                'KNOWN FAULTS',
                'DATA',
              ],
              found.versions.map((one) => [
                one.version,
                one.arch,
                one.firstSeen.at,
                one.firstSeen.host,
                `${one.installedOn}`,
                names([...new Set(one.offers.map((offer) => offer.origin))], 2),
                names([...new Set(one.offers.map(offeredAs))], 2),
                names([...new Set(one.faults.flatMap((fault) => fault.cves))], 3),
                names([...new Set(one.faults.flatMap((fault) => fault.grounds.map(groundLabel)))], 2),
              ]),
              context.paint,
            ),
            found.advisoryData === undefined
              ? 'No advisory data was imported: known faults are not known.'
              : `Advisory data: ${safe(found.advisoryData.source)}, as of ${found.advisoryData.asOf}.`,
          ].join('\n'),
        );
      }),
    );

  catalog
    .command('hosts <package> [selectors...]')
    .description('hosts that have it installed')
    .option('--below <version>', 'in a lower version, in the order of its package manager')
    .option('--version <version>', 'in exactly this version')
    .addOption(new Option('--ecosystem <name>').choices(['apt', 'dnf', 'zypper', 'apk', 'windows']))
    .action(
      action<{ below?: string; version?: string; ecosystem?: 'apt' | 'dnf' | 'zypper' | 'apk' | 'windows' }>(
        async (context, [name], o, selectors) => {
          const client = await context.client();
          const found = unwrap(
            await client.call('catalog.hosts', {
              name: name ?? '',
              selectors,
              ...(o.below === undefined ? {} : { below: o.below }),
              ...(o.version === undefined ? {} : { version: o.version }),
              ...(o.ecosystem === undefined ? {} : { ecosystem: o.ecosystem }),
            }),
          );
          if (found.unknown.length > 0)
            context.note(`Never scanned with success, so not known: ${names(found.unknown)}.`);
          context.result(found, () =>
            found.hosts.length === 0
              ? 'No scanned host has it so.'
              : table(
                  ['HOST', 'VERSION', 'ARCH'],
                  found.hosts.map((one) => [one.host, one.version, one.arch]),
                  context.paint,
                ),
          );
        },
      ),
    );

  const advisories = program
    .command('advisories')
    .description('security data from files: OSV, Debian security tracker, Ubuntu notices, updateinfo.xml');

  advisories
    .command('import <file>')
    .description('take a data file in, whole or not at all')
    .addOption(new Option('--format <format>', 'else guessed').choices(AdvisoryFormat.options))
    .option('--as-of <date>', 'how old the data is, where it does not say')
    .action(
      action<{ format?: AdvisoryFormat; asOf?: string }>(async (context, [file], o) => {
        const path = file ?? '';
        const bytes = readBytes(path, MAX_ADVISORY_BYTES, 'input.too-large');
        const asOf = o.asOf === undefined ? undefined : instant(o.asOf);
        const client = await context.client();
        const fileName = path.replace(/^.*[/\\]/, '').slice(0, 255);
        const upload = await send(client, fileName, bytes);
        const finished = client.call('advisories.finish', {
          upload,
          fileName,
          ...(o.format === undefined ? {} : { format: o.format }),
          ...(asOf === undefined ? {} : { asOf }),
        });
        const outcome = unwrap(await (context.json ? finished : showProgress(client, finished)));
        context.result(outcome, () => {
          const { format, advisories: taken, skipped } = outcome.import;
          return `${format}: ${taken} taken in, ${skipped} skipped; as of ${age(outcome.import)}`;
        });
      }),
    );

  advisories
    .command('list')
    .description('what was imported, and how old it is')
    .action(
      action(async (context) => {
        const client = await context.client();
        const found = unwrap(await client.call('advisories.list', {}));
        context.result(found, () =>
          found.imports.length === 0
            ? 'No advisory data yet. Import some with: frostline advisories import FILE'
            : [
                table(
                  ['FILE', 'FORMAT', 'IMPORTED', 'TAKEN', 'SKIPPED', 'AS OF'],
                  found.imports.map((one) => [
                    one.file,
                    one.format,
                    one.importedAt,
                    `${one.advisories}`,
                    `${one.skipped}`,
                    age(one),
                  ]),
                  context.paint,
                ),
                count(found.advisories, 'known advisory'),
              ].join('\n'),
        );
      }),
    );

  advisories
    .command('show <id>')
    .description('an advisory, or all about a CVE')
    .action(
      action(async (context, [id]) => {
        const client = await context.client();
        const found = unwrap(await client.call('advisories.show', { id: id ?? '' }));
        context.result(found, () =>
          found.advisories
            .map((one) =>
              [
                `${context.paint.bold(one.id)}  ${one.severity}  ${one.format}, as of ${one.asOf}  ${safe(one.title ?? '')}`,
                ...(one.cves.length === 0 ? [] : [`CVEs: ${names(one.cves)}`]),
                table(
                  ['PACKAGE', 'FOR', 'FIXED IN'],
                  one.affected
                    .slice(0, 200)
                    .map((a) => [
                      a.name,
                      [a.distro ?? a.ecosystem, a.release ?? ''].join(' ').trim(),
                      a.fixed ?? (a.lastAffected === undefined ? 'not yet' : `after ${a.lastAffected}`),
                    ]),
                  context.paint,
                ),
              ].join('\n'),
            )
            .join('\n\n'),
        );
      }),
    );
};
