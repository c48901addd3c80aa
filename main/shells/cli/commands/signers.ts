/** `signers`: whose signatures count. `policy`: how many of them an environment wants. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseTime } from '../../../core/snapshots/time.ts';
import { invalid, unwrap } from '../context.ts';
import { readSmall } from '../files.ts';
import type { Register } from '../register.ts';
import { safe, table } from '../terminal.ts';
import { machineZone } from '../zone.ts';

const collect = (value: string, all: string[]) => [...all, value];

const needed = (value: string): number => {
  if (!/^\d{1,2}$/.test(value) || Number(value) > 20) throw new InvalidArgumentError('expected 0 to 20.');
  return Number(value);
};

const timeOf = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : unwrap(parseTime(text, { zone: machineZone(), now: Date.now() }));

const registerSigners = (program: Command, action: Register): void => {
  const signers = program.command('signers').description('whose signatures of snapshots are trusted');

  signers
    .command('list')
    .description('all that are known, and the revoked keys')
    .option('--allowed-signers', 'as an allowed signers file, for ssh-keygen -Y verify')
    .action(
      action<{ allowedSigners?: true }>(async (context, _words, o) => {
        const { text, ...known } = unwrap(await (await context.client()).call('signers.list', {}));
        context.result({ ...known, allowedSigners: text }, () => {
          if (o.allowedSigners) return text.trimEnd();
          const revoked = known.revoked.map((key) =>
            `revoked ${key.fingerprint} ${safe(key.reason ?? '')}`.trim(),
          );
          return [
            known.signers.length === 0
              ? 'No signers are known: files are taken in without signatures.'
              : table(
                  ['SIGNER', 'STATUS', 'KEY', 'FINGERPRINT', 'UNTIL'],
                  known.signers.map((one) => [
                    safe(one.principals.join(',')),
                    one.status,
                    one.keyType,
                    one.fingerprint,
                    one.validBefore ?? '',
                  ]),
                  context.paint,
                ),
            ...revoked,
          ].join('\n');
        });
      }),
    );

  signers
    .command('add <principal> <keyfile>')
    .description('trust the public key in KEYFILE as PRINCIPAL (anna@example.org)')
    .option('--valid-after <time>', 'ISO time, date or "now"')
    .option('--valid-before <time>', 'ISO time, date or +30d')
    .action(
      action<{ validAfter?: string; validBefore?: string }>(async (context, [principal, file], o) => {
        const [validAfter, validBefore] = [timeOf(o.validAfter), timeOf(o.validBefore)];
        const key = readSmall(file ?? '').split('\n')[0] ?? '';
        const known = unwrap(
          await (await context.client()).call('signers.add', {
            principal: principal ?? '',
            publicKey: key.slice(0, 10_000),
            ...(validAfter === undefined ? {} : { validAfter }),
            ...(validBefore === undefined ? {} : { validBefore }),
          }),
        );
        context.result(known, () => `${known.signers.length} signers are trusted now.`);
      }),
    );

  signers
    .command('import <file>')
    .description('trust all of an allowed signers file (ssh-keygen(1))')
    .action(
      action(async (context, [file]) => {
        const known = unwrap(
          await (await context.client()).call('signers.import', { text: readSmall(file ?? '') }),
        );
        for (const { line, reason } of known.skipped) context.note(`Line ${line} was left out: ${reason}.`);
        context.result(
          known,
          () => `${known.added} taken in; ${known.signers.length} signers are trusted now.`,
        );
      }),
    );

  signers
    .command('revoke [signer]')
    .description('never count this signer, key or fingerprint again')
    .option('--keys <file>', 'a list of public keys or fingerprints, one a line')
    .option('--reason <text>', 'kept with it')
    .action(
      action<{ keys?: string; reason?: string }>(async (context, [signer], o) => {
        if ((signer === undefined) === (o.keys === undefined))
          throw invalid('Name a signer or a fingerprint, or give --keys FILE.');
        const known = unwrap(
          await (await context.client()).call('signers.revoke', {
            which: signer ?? readSmall(o.keys ?? ''),
            ...(o.reason === undefined ? {} : { reason: o.reason }),
          }),
        );
        context.result(known, () => `${known.revoked.length} keys are revoked.`);
      }),
    );

  signers
    .command('remove <signer>')
    .description('forget a signer: by name or fingerprint')
    .action(
      action(async (context, [signer]) => {
        const known = unwrap(await (await context.client()).call('signers.remove', { signer: signer ?? '' }));
        context.result(known, () => `${known.signers.length} signers are left.`);
      }),
    );
};

type PolicyOptions = {
  freeze?: number;
  promote?: number;
  deploy?: number;
  signer: string[];
  anySigner?: true;
  fourEyes?: boolean;
  requirePromotion?: boolean;
  requireEvidence?: boolean;
};

const registerPolicy = (program: Command, action: Register): void => {
  const policy = program.command('policy').description('how many signatures an environment wants');

  policy
    .command('show [environment]')
    .description('of one environment, or all')
    .action(
      action(async (context, [environment]) => {
        const { policies } = unwrap(await (await context.client()).call('policies.list', {}));
        const shown = policies.filter((one) => environment === undefined || one.environment === environment);
        context.result({ policies: shown }, () =>
          shown.length === 0
            ? 'No environment wants signatures.'
            : table(
                ['ENVIRONMENT', 'FREEZE', 'PROMOTE', 'DEPLOY', 'FOUR EYES', 'PROMOTED ONLY', 'SIGNERS'],
                shown.map((one) => [
                  one.environment,
                  `${one.freeze}`,
                  `${one.promote}`,
                  `${one.deploy}`,
                  one.fourEyes ? 'yes' : 'no',
                  one.requirePromotion ? (one.requireEvidence ? 'yes, tried' : 'yes') : 'no',
                  safe(one.signers.join(', ')) || 'any trusted',
                ]),
                context.paint,
              ),
        );
      }),
    );

  policy
    .command('set <environment>')
    .description('what is not named stays as it is; all zero: no policy')
    .option('--freeze <n>', 'signatures to freeze a snapshot on its hosts', needed)
    .option('--promote <n>', 'to promote one into it', needed)
    .option('--deploy <n>', 'to deploy one on its hosts', needed)
    .option('--signer <principal>', 'count only these (again and again)', collect, [])
    .option('--any-signer', 'count all that are trusted')
    .option('--four-eyes', "the author's own signature does not count")
    .option('--no-four-eyes', 'it does')
    .option('--require-promotion', 'deploy only what was promoted into it')
    .option('--no-require-promotion', 'deploy anything')
    .option('--require-evidence', 'promote nothing that no run has tried elsewhere')
    .option('--no-require-evidence', 'with a reason, promote it all the same')
    .action(
      action<PolicyOptions>(async (context, [environment = ''], o) => {
        const client = await context.client();
        const { policies } = unwrap(await client.call('policies.list', {}));
        const before = policies.find((one) => one.environment === environment);
        const set = unwrap(
          await client.call('policies.set', {
            environment,
            freeze: o.freeze ?? before?.freeze ?? 0,
            promote: o.promote ?? before?.promote ?? 0,
            deploy: o.deploy ?? before?.deploy ?? 0,
            signers: o.anySigner ? [] : o.signer.length > 0 ? o.signer : (before?.signers ?? []),
            fourEyes: o.fourEyes ?? before?.fourEyes ?? false,
            requirePromotion: o.requirePromotion ?? before?.requirePromotion ?? false,
            requireEvidence: o.requireEvidence ?? before?.requireEvidence ?? false,
          }),
        );
        context.result(set, () => {
          const now = set.policies.find((one) => one.environment === environment);
          return now === undefined
            ? `${environment} wants no signatures.`
            : `${environment} wants ${now.freeze} to freeze, ${now.promote} to promote, ${now.deploy} to deploy${now.requirePromotion ? ', and takes only what was promoted into it' : ''}.`;
        });
      }),
    );
};

export const registerSigning = (program: Command, action: Register): void => {
  registerSigners(program, action);
  registerPolicy(program, action);
};
