/** Snapshots out to files and in from them, and who signed them. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Output } from '../../../../shared/contract/contract.ts';
import type { SignWith } from '../../../../shared/contract/signatures.ts';
import { exitCodeOf, type Result } from '../../../../shared/errors.ts';
import type { SignatureView } from '../../../../shared/model/signature.ts';
import { type Context, invalid, unwrap } from '../context.ts';
import { readExchangeFile, readSecret, readSmall, writeWhole } from '../files.ts';
import { type KeyOptions, signSnapshot } from '../ownKey.ts';
import { showProgress } from '../progress.ts';
import type { Register } from '../register.ts';
import { diffText } from '../snapshotText.ts';
import { bytes, safe } from '../terminal.ts';
import { bundleCommand, isBundle, registerBundle } from './bundle.ts';

/** Of the file; the limit of what is in it is the host process's. Armor makes an encrypted one a third longer. */
const LARGEST_BYTES = 45 * 1024 * 1024;

const collect = (value: string, all: string[]) => [...all, value];

const signatureText = ({ signer, fingerprint, keyType, status, reason }: SignatureView): string =>
  `  ${status.padEnd(8)} ${safe(signer ?? '(unknown)')}  ${fingerprint}  ${keyType}${reason === undefined ? '' : `  (${safe(reason)})`}`;

const signaturesText = (signatures: readonly SignatureView[]): string =>
  signatures.length === 0 ? 'not signed' : ['signatures:', ...signatures.map(signatureText)].join('\n');

type SignOptions = KeyOptions & {
  key?: string;
  agent?: true;
  fingerprint?: string;
  signature?: string;
};

const signedBy = async (context: Context, ref: string, o: SignOptions) => {
  const ways = [o.key, o.agent, o.signature].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw invalid('Say with what it is signed: one of --key FILE, --agent or --signature FILE.');
  if (o.key !== undefined) return signSnapshot(context, ref, { key: o.key }, o);
  if (o.agent) {
    const one = o.fingerprint === undefined ? {} : { fingerprint: o.fingerprint };
    return signSnapshot(context, ref, { agent: true, ...one }, o);
  }
  const signature: SignWith = { kind: 'signature', armor: readSmall(o.signature ?? '').slice(0, 20_000) };
  return unwrap(await (await context.client()).call('signatures.sign', { ref, with: signature }));
};

const registerSign = (snapshot: Command, action: Register): void => {
  snapshot
    .command('sign <name>')
    .description('vouch for a revision with your SSH key, or take in a signature made elsewhere')
    .option('--key <file>', 'private key, or a .pub file whose private half the agent has')
    .option('--key-passphrase-file <file>', 'opens an encrypted private key')
    .option('--agent', 'with the SSH agent')
    .option('--fingerprint <sha256>', 'which of its keys, where the agent has several')
    .option('--signature <file>', 'made with: printf %s ID | ssh-keygen -Y sign -n frostline -f KEY')
    .action(
      action<SignOptions>(async (context, [ref], o) => {
        const signed = await signedBy(context, ref ?? '', o);
        context.result(signed, () =>
          [
            `Signed ${signed.snapshot}@${signed.revision} with ${signed.fingerprint}`,
            signaturesText(signed.signatures),
            ...signed.wanted.map(
              (one) =>
                `${one.environment} wants ${one.need} to ${one.purpose}: ${one.suffices ? 'enough' : `${one.signers.length} so far`}`,
            ),
          ].join('\n'),
        );
      }),
    );

  snapshot
    .command('signatures <name>')
    .description('who vouches for a revision, and whether it is enough')
    .action(
      action(async (context, [ref]) => {
        const listed = unwrap(await (await context.client()).call('signatures.list', { ref: ref ?? '' }));
        context.result(listed, () =>
          [
            `${listed.snapshot}@${listed.revision}  ${listed.id}`,
            signaturesText(listed.signatures),
            ...listed.wanted.map(
              (one) =>
                `${one.environment} wants ${one.need} to ${one.purpose}: ${one.suffices ? 'enough' : `${one.signers.length} so far`}`,
            ),
          ].join('\n'),
        );
      }),
    );
};

const registerExport = (snapshot: Command, action: Register): void => {
  snapshot
    .command('export <name> <file>')
    .description(
      'write an exchange file (*.frost.json) with all signatures; --passphrase-file encrypts it with a passphrase',
    )
    .option('--sign <key>', 'sign it first with this SSH private key')
    .option('--key-passphrase-file <file>', 'opens an encrypted private key')
    .option('--recipient <age1…>', 'encrypt it for this age recipient (again and again)', collect, [])
    .action(
      action<KeyOptions & { sign?: string; recipient: string[] }>(async (context, [ref, file], o) => {
        const passphraseFile = context.takePassphraseFile();
        const client = await context.client();
        if (o.sign !== undefined) await signSnapshot(context, ref ?? '', { key: o.sign }, o);
        const made = unwrap(
          await showProgress(
            client,
            client.call('snapshots.export', {
              ref: ref ?? '',
              ...(o.recipient.length === 0 ? {} : { recipients: o.recipient }),
              ...(passphraseFile === undefined ? {} : { passphrase: readSecret(passphraseFile) }),
            }),
          ),
        );
        writeWhole(file ?? '', made.text);
        const path = resolve(file ?? '');
        const { encrypted, signatures } = made;
        context.result({ file: path, bytes: made.bytes, encrypted, signatures }, () =>
          [
            `Wrote ${path} (${bytes(made.bytes)}${encrypted ? ', encrypted with age' : ''})`,
            signaturesText(signatures),
          ].join('\n'),
        );
      }),
    );
};

export type IncomingOptions = {
  allowedSigners?: string;
  revokedKeys?: string;
  identity?: string;
  keyring?: string;
};

type Taken = Output<'snapshots.verify'> & Partial<Output<'snapshots.import'>>;

/** How to go on where both sides were changed. */
const apart = ({ outcome, conflicts = [], merged, head, snapshot }: Taken): string[] => {
  if (outcome !== 'diverged') return [];
  if (merged === true) return [`Both sides were changed; merged as ${snapshot?.name}@${snapshot?.revision}`];
  const names = [...new Set(conflicts.map((one) => one.name))];
  const found =
    conflicts.length === 0
      ? 'there is no conflict'
      : `in conflict: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`;
  return head === undefined || snapshot === undefined
    ? [`Both sides were changed since they were the same; ${found}.`]
    : [
        `Both sides were changed since they were the same; ${found}. The file's revisions are kept beside yours.`,
        `Merge them with: frostline snapshot merge '${snapshot.name}' ${head}`,
      ];
};

const identityOf = (context: Context, given: string): string => {
  if (!given.startsWith('AGE-SECRET-KEY-')) return readSmall(given);
  context.note('A secret key on the command line is seen by others on this machine: give the file it is in.');
  return given;
};

export const incoming = (context: Context, file: string, o: IncomingOptions) => {
  const passphraseFile = context.takePassphraseFile();
  const key = {
    ...(o.identity === undefined ? {} : { identity: identityOf(context, o.identity) }),
    ...(passphraseFile === undefined ? {} : { passphrase: readSecret(passphraseFile) }),
  };
  return {
    text: readExchangeFile(file, LARGEST_BYTES),
    ...(Object.keys(key).length === 0 ? {} : { key }),
    ...(o.allowedSigners === undefined ? {} : { allowedSigners: readSmall(o.allowedSigners) }),
    ...(o.revokedKeys === undefined ? {} : { revokedKeys: readSmall(o.revokedKeys) }),
  };
};

const registerIncoming = (
  snapshot: Command,
  action: Register,
  kind: 'verify' | 'import',
  description: string,
): void => {
  const command = snapshot.command(`${kind} <file>`).description(description);
  if (kind === 'import')
    command.option('--merge', 'where both sides were changed, merge at once if there is no conflict');
  command
    .option(
      '--allowed-signers <file>',
      'trust these for this file (ssh-keygen(1)), not the signers known here',
    )
    .option('--revoked-keys <file>', 'keys or fingerprints that do not count, besides those revoked here')
    .option(
      '--keyring <file>',
      'OpenPGP public keys that repositories sign with: the metadata in a bundle is checked with them, by gpgv',
    )
    .option(
      '--identity <file>',
      'age identity file that opens it (--passphrase-file opens it with a passphrase)',
    )
    .action(
      action<IncomingOptions & { merge?: boolean }>(async (context, [file], o) => {
        if (isBundle(file ?? '')) return bundleCommand(context, kind, file ?? '', o);
        if (o.keyring !== undefined)
          throw invalid('--keyring is for bundles: an exchange file holds no metadata of repositories.');
        const input = incoming(context, file ?? '', o);
        const client = await context.client();
        const outcome: Taken = unwrap(
          await showProgress<Result<Taken>>(
            client,
            kind === 'verify'
              ? client.call('snapshots.verify', input)
              : client.call('snapshots.import', { ...input, merge: o.merge === true }),
          ),
        );
        const { refusal } = outcome;
        if (outcome.outcome === 'older')
          context.note(
            'The file is older than what is here: an old file that is sent again looks like this. Nothing was changed.',
          );
        // Refused files end as errors do, and still tell who signed.
        const error = refusal === undefined ? {} : { error: refusal };
        context.result({ ...outcome, ...error }, () =>
          [
            ...(refusal === undefined
              ? []
              : [`Refused: ${safe(refusal.message)} ${safe(refusal.hint ?? '')}`.trim()]),
            `${outcome.revisions.length} revisions, ${outcome.fresh} of them new here`,
            signaturesText(outcome.signatures),
            ...(outcome.diff === undefined ? [] : [diffText(outcome.diff)]),
            ...apart(outcome),
          ].join('\n'),
        );
        if (refusal !== undefined) context.exitCode = exitCodeOf(refusal);
      }),
    );
};

export const registerExchange = (snapshot: Command, action: Register): void => {
  registerExport(snapshot, action);
  registerSign(snapshot, action);
  registerIncoming(snapshot, action, 'verify', 'check an exchange file; changes nothing');
  registerIncoming(snapshot, action, 'import', 'check an exchange file and take it in');
  registerBundle(snapshot, action);
};
