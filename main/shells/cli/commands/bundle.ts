/** `snapshot bundle`, and the bundles that `snapshot verify` and `snapshot import` are given: files for hosts without a repository. */
import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BundleReport } from '../../../../shared/contract/bundles.ts';
import { exitCodeOf } from '../../../../shared/errors.ts';
import type { BundleMetadata, MetadataSignature } from '../../../../shared/model/metadata.ts';
import { type Context, invalid, unwrap } from '../context.ts';
import { readKeyring, readSecret, readSmall } from '../files.ts';
import { checkSelectors } from '../fleet.ts';
import { signHere, signSnapshot } from '../ownKey.ts';
import type { Register } from '../register.ts';
import { diffText } from '../snapshotText.ts';
import { bytes, count, safe } from '../terminal.ts';

const collect = (value: string, all: string[]) => [...all, value];
/** Packages that a text names one by one. */
const SHOWN = 10;

/** A tar archive names its first member first; JSON begins with a brace. By content, so that a file may have any name. */
export const isBundle = (path: string): boolean => {
  if (/\.tar$/.test(path)) return true;
  try {
    const file = openSync(path, 'r');
    const head = Buffer.alloc(12);
    const read = readSync(file, head, 0, head.length, 0);
    closeSync(file);
    return head.toString('latin1', 0, read).startsWith('bundle.json\0');
  } catch {
    return false;
  }
};

const reportText = (report: BundleReport): string => {
  const of = (role: string) => report.packages.filter((one) => one.role === role).length;
  return `bundle of ${report.snapshotName}@${report.revision}: ${count(of('new'), 'new package')}, ${of('rollback')} to go back to; ${count(report.files, 'file')}, ${bytes(report.bytes)}${report.advisories === 0 ? '' : `, ${count(report.advisories, 'advisory')}`}${report.advisoriesLeftOut === 0 ? '' : `, ${count(report.advisoriesLeftOut, 'advisory')} left out (nobody signed the bundle)`}${report.since === undefined ? '' : ', on top of an earlier bundle'}`;
};

const SIGNED: Record<MetadataSignature['status'], string> = {
  none: 'not signed',
  unchecked: 'signature not checked here',
  good: 'signature good',
  expired: 'signature expired',
  'unknown-key': 'signed with a key that is not in the keyring',
  bad: 'SIGNATURE NOT GOOD',
};

/** A key that is not in the keyring may be anybody's; an unchecked signature may be by anybody. */
const metadataText = ({ repositories, vouched, notVouched }: BundleMetadata): string[] => [
  `repositories' own metadata vouches for ${vouched} of ${count(vouched + notVouched.length, 'package')}`,
  ...repositories.map(
    ({ repository, asOf, validUntil, outdated, packages, signature: { status, keys } }) =>
      `  ${safe(repository)}${asOf === undefined ? '' : `, of ${asOf.slice(0, 10)}`}${outdated === true ? `, valid until ${validUntil?.slice(0, 10)} only` : ''}: ${count(packages, 'package')}; ${SIGNED[status]}${keys.length === 0 ? '' : ` (${keys.join(', ')})`}`,
  ),
  ...notVouched
    .slice(0, SHOWN)
    .map(
      (one) => `  by none: ${one.name} ${one.version}${one.role === 'rollback' ? ' (to go back to)' : ''}`,
    ),
  ...(notVouched.length > SHOWN ? [`  and ${notVouched.length - SHOWN} more`] : []),
];

/** Sites without a network live with old lists: it is said, and no more. */
const warnOutdated = (context: Context, { repositories }: BundleMetadata): void => {
  for (const { repository, validUntil, outdated } of repositories)
    if (outdated === true)
      context.note(
        `The lists of ${repository} were valid until ${validUntil?.slice(0, 16).replace('T', ' ')} UTC, by their own word: newer fixes may exist, and what they say may be replayed.`,
      );
};

/** `snapshot verify` and `snapshot import` of a bundle. */
export const bundleCommand = async (
  context: Context,
  kind: 'verify' | 'import',
  file: string,
  o: { allowedSigners?: string; revokedKeys?: string; keyring?: string },
): Promise<void> => {
  const client = await context.client();
  const outcome = unwrap(
    await client.call(`bundles.${kind}`, {
      file: resolve(file),
      ...(o.allowedSigners === undefined ? {} : { allowedSigners: readSmall(o.allowedSigners) }),
      ...(o.revokedKeys === undefined ? {} : { revokedKeys: readSmall(o.revokedKeys) }),
      ...(o.keyring === undefined ? {} : { keyring: readKeyring(o.keyring) }),
    }),
  );
  const refusal = 'refusal' in outcome ? outcome.refusal : undefined;
  warnOutdated(context, outcome.bundle.metadata);
  context.result({ ...outcome, ...(refusal === undefined ? {} : { error: refusal }) }, () =>
    [
      ...(refusal === undefined
        ? []
        : [`Refused: ${safe(refusal.message)} ${safe(refusal.hint ?? '')}`.trim()]),
      reportText(outcome.bundle),
      `${count(outcome.revisions.length, 'revision')}, ${outcome.fresh} of them new here; every file has the hash that is announced`,
      ...metadataText(outcome.bundle.metadata),
      ...outcome.bundle.bundleSignatures.map(
        ({ status, signer, fingerprint }) =>
          `bundle signed: ${status}  ${safe(signer ?? '(unknown)')}  ${fingerprint}`,
      ),
      ...(outcome.diff === undefined ? [] : [diffText(outcome.diff)]),
    ].join('\n'),
  );
  if (refusal !== undefined) context.exitCode = exitCodeOf(refusal);
};

const signBundle = async (
  context: Context,
  { file, id }: { file: string; id: string },
  key: string,
  passphraseFile: string | undefined,
) => {
  const { bundleText } = await import('../../../core/bundles/sign.ts');
  const armor = await signHere(bundleText(id), {
    kind: 'file',
    file: key,
    ...(passphraseFile === undefined ? {} : { passphrase: readSecret(passphraseFile) }),
  });
  const client = await context.client();
  const {
    bytes: size,
    fingerprint,
    signatures,
  } = unwrap(await client.call('bundles.sign', { file, with: { kind: 'signature', armor } }));
  return { bytes: size, fingerprint, signatures };
};

export const registerBundle = (snapshot: Command, action: Register): void => {
  snapshot
    .command('bundle <name> <file>')
    .description(
      'write a bundle (*.frost.tar): the snapshot with its packages, new and old, for hosts without a repository',
    )
    .option('--hosts <selector>', 'the hosts it is made through and for; again and again', collect, [])
    .option('--direct', "fetch new packages over this machine's own connection, from where the hosts say")
    .option('--since <file>', 'leave out what this earlier bundle has')
    .option('--sign <key>', 'vouch for it, and for the snapshot in it, with this SSH private key')
    .option('--key-passphrase-file <file>', 'opens an encrypted private key')
    .action(
      action<{
        hosts: string[];
        direct?: boolean;
        since?: string;
        sign?: string;
        keyPassphraseFile?: string;
      }>(async (context, [ref, file], o) => {
        checkSelectors(o.hosts);
        if (o.hosts.length === 0)
          throw invalid(
            'Give --hosts SELECTOR.',
            'They say what they need, and download it: --hosts all for every host.',
          );
        if (o.since === '') throw invalid('--since is empty.');
        const client = await context.client();
        // First, so that the exchange file in the bundle has it: whoever takes signed files only wants both.
        if (o.sign !== undefined) await signSnapshot(context, ref ?? '', { key: o.sign }, o);
        const made = unwrap(
          await client.call('bundles.make', {
            ref: ref ?? '',
            hosts: o.hosts,
            file: resolve(file ?? ''),
            ...(o.direct === true ? { direct: true } : {}),
            ...(o.since === undefined ? {} : { since: resolve(o.since) }),
          }),
        );
        const signed =
          o.sign === undefined ? undefined : await signBundle(context, made, o.sign, o.keyPassphraseFile);
        for (const { host, error } of made.silent) context.note(`${host}: ${error.message}`);
        for (const one of made.missing)
          context.note(
            `${one.name} ${one.version}${one.role === 'rollback' ? ' (to go back to)' : ''} is not in it: ${one.host}: ${one.reason}`,
          );
        for (const { origin, reason, packages } of made.notDirect)
          context.note(
            `not fetched from here but by the hosts: ${count(packages, 'package')} of ${safe(origin)}: ${safe(reason)}`,
          );
        if (made.advisoriesLeftOut > 0)
          context.note(
            `${count(made.advisoriesLeftOut, 'advisory')} about its packages are not in it: together they are more than 64 MiB`,
          );
        for (const one of made.metadata.leftOut)
          context.note(
            `metadata left out: ${one.host}: ${one.repository === '' ? '' : `${one.repository}: `}${one.reason}`,
          );
        warnOutdated(context, made.metadata);
        if (made.silent.length + made.missing.length > 0) context.exitCode = 1;
        const carried = made.packages.filter((one) => one.carried);
        const of = (role: string) => carried.filter((one) => one.role === role).length;
        context.result({ ...made, ...signed }, () =>
          [
            `Wrote ${made.file} (${bytes(made.bytes)}): ${count(of('new'), 'new package')}, ${of('rollback')} to go back to`,
            ...(signed === undefined ? [] : [`Signed with ${signed.fingerprint}`]),
            ...(made.origins.length === 0
              ? []
              : [
                  `${count(made.packages.filter((one) => one.via === 'direct').length, 'file')} fetched from here; asked: ${made.origins.map(safe).join(', ')}`,
                ]),
            ...metadataText(made.metadata),
            ...(carried.length < made.packages.length
              ? [`${made.packages.length - carried.length} more are in the earlier bundle`]
              : []),
          ].join('\n'),
        );
      }),
    );
};
