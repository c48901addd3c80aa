import { accessSync, constants, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { HostOverview } from '../../../../shared/contract/fleet.ts';
import { frostError } from '../../../../shared/errors.ts';
import { groundLabel } from '../../../../shared/grounds.ts';
import type { Host } from '../../../../shared/model/host.ts';
import type { Context } from '../context.ts';
import { exitCodeForHosts, invalid, unwrap } from '../context.ts';
import { readText } from '../files.ts';
import { checkSelectors, hostDocument, requireHosts } from '../fleet.ts';
import { unreadable } from '../invalid.ts';
import type { Register } from '../register.ts';
import { type Paint, safe, table } from '../terminal.ts';

const collect = (value: string, all: string[]) => [...all, value];

const parseTags = (words: string[]): Record<string, string> =>
  Object.fromEntries(
    words.map((word) => {
      const at = word.search(/[=:]/);
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );

const port = (text: string): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535)
    throw invalid(`--port ${text} is not a port number.`, 'Ports go from 1 to 65535.');
  return Number(text);
};

/** Only the path is kept, so a wrong one would show at the first connection, perhaps weeks later. */
const keyFile = (path: string): string => {
  const file = resolve(path);
  try {
    accessSync(file, constants.R_OK);
    if (statSync(file).isFile()) return file;
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
  throw invalid(`The key file ${file} is not a file.`);
};

const secret = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : readText(path).replace(/\r?\n$/, '');

type AddOptions = {
  address?: string;
  port?: string;
  user?: string;
  key?: string;
  keyPassphraseFile?: string;
  passwordFile?: string;
  agent?: boolean;
  sudo: 'none' | 'nopasswd' | 'password';
  sudoPasswordFile?: string;
  environment?: string;
  tag: string[];
  jump?: string;
  transport: 'ssh' | 'winrm';
  legacyAlgorithms?: boolean;
};

const authOf = (options: AddOptions) => {
  const ways = [options.key, options.passwordFile, options.agent].filter((way) => way !== undefined);
  if (ways.length > 1) throw invalid('--key, --password-file and --agent exclude each other.');
  if (options.key !== undefined) return { kind: 'key' as const, keyFile: keyFile(options.key) };
  if (options.passwordFile !== undefined) return { kind: 'password' as const };
  return { kind: 'agent' as const };
};

const flat = (entry: HostOverview) => ({
  ...hostDocument(entry.host),
  trusted: entry.trusted,
  ...(entry.frozenBy === undefined ? {} : { frozenBy: entry.frozenBy }),
  ...(entry.guard === undefined ? {} : { guard: entry.guard }),
  ...(entry.activeRun === undefined ? {} : { activeRun: entry.activeRun }),
  ...(entry.latest === undefined ? {} : { lastScan: entry.latest }),
  ...(entry.lastGood === undefined ? {} : { lastGoodScan: entry.lastGood }),
});

const NO_HOSTS =
  'No hosts yet. Add one with: frostline hosts add NAME --address A --user U --key FILE\nOr try the demo fleet: frostline demo';

const tagsOf = (host: Host): string =>
  Object.entries(host.tags)
    .map(([key, value]) => (value === '' ? key : `${key}:${value}`))
    .join(',');

/** One host, a line for each thing that is known. */
const shown = (
  { host, latest, lastGood, trusted, frozenBy, guard, activeRun }: HostOverview,
  p: Paint,
): string[] => {
  const facts = lastGood?.facts;
  const line = (label: string, text: string | undefined) =>
    text === undefined || text === '' ? [] : [`  ${label.padEnd(12)} ${safe(text)}`];
  const auth = host.auth.kind === 'key' ? `key ${host.auth.keyFile}` : host.auth.kind;
  return [
    p.bold(host.name),
    ...line('address', `${host.user}@${host.address}:${host.port} (${auth}; sudo ${host.sudo})`),
    ...line('through', host.jump),
    ...line('environment', host.environment),
    ...line('tags', tagsOf(host)),
    ...line('host key', trusted ? 'trusted' : `not trusted yet; see: frostline hosts trust ${host.name}`),
    ...line('frozen by', frozenBy),
    ...line(
      'guard',
      guard && `${guard.state}${guard.state === guard.desired ? '' : `, to be ${guard.desired}`}`,
    ),
    ...line('in run', activeRun),
    ...line(
      'last scan',
      latest === undefined
        ? 'never'
        : latest.state === 'failed'
          ? `${latest.finishedAt}: failed: ${latest.error?.message ?? ''}`
          : `${latest.finishedAt}: ${latest.state}`,
    ),
    ...(lastGood === undefined
      ? []
      : [
          ...(latest?.state === 'failed' ? line('known from', lastGood.finishedAt) : []),
          ...line('system', facts && `${facts.osName} ${facts.arch}, kernel ${facts.kernel}`),
          ...line('packages', String(lastGood.packageCount)),
          ...line(
            'updates',
            `${lastGood.updateCount} (${lastGood.securityCount} security by ${groundLabel({ source: 'hosts', asOf: facts?.listsUpdatedAt ?? null })})`,
          ),
          ...line('reboot', facts?.rebootRequired ? 'required' : undefined),
        ]),
  ];
};

const listHosts = async (context: Context, selectors: string[]) => {
  checkSelectors(selectors);
  const client = await context.client();
  const { hosts } = unwrap(await client.call('hosts.list', { selectors }));
  context.result({ hosts: hosts.map(flat) }, () =>
    hosts.length === 0
      ? selectors.length === 0
        ? NO_HOSTS
        : 'No host matches.'
      : table(
          ['NAME', 'ADDRESS', 'ENV', 'TAGS', 'LAST SCAN', 'UPDATES', 'FROZEN BY'],
          hosts.map(({ host, latest, lastGood, frozenBy }) => [
            host.name,
            `${host.user}@${host.address}:${host.port}`,
            host.environment ?? '',
            tagsOf(host),
            latest === undefined
              ? 'never'
              : latest.state === 'failed'
                ? `failed: ${latest.error?.code ?? ''}`
                : latest.finishedAt,
            lastGood === undefined ? '?' : `${lastGood.updateCount} (${lastGood.securityCount} security)`,
            frozenBy ?? '',
          ]),
          context.paint,
        ),
  );
};

const oneHost = (host: Host) => `${host.name}  ${host.user}@${host.address}:${host.port}  ${host.transport}`;

export const registerHosts = (program: Command, action: Register): void => {
  const hosts = program.command('hosts').description('the fleet: hosts, their keys and tags');

  const described = (command: Command) =>
    command
      .option('--address <address>', 'host name or IP address (default: the name)')
      .option('--port <port>', 'TCP port (default 22)')
      .option('--user <user>', 'account to log in with (default root)')
      .option('--key <file>', 'private key file')
      .option('--key-passphrase-file <file>', "file with the key's passphrase (kept in the vault)")
      .option('--password-file <file>', 'file with the password (kept in the vault)')
      .option('--agent', 'use the SSH agent (default)')
      .addOption(new Option('--sudo <mode>', 'how root is reached').choices(['none', 'nopasswd', 'password']))
      .option('--sudo-password-file <file>', 'file with the sudo password (kept in the vault)')
      .option('--environment <environment>', 'test, production, …')
      .option('--tag <key=value>', 'again and again', collect, [])
      .option('--jump <name>', 'host to go through')
      .addOption(new Option('--transport <transport>').choices(['ssh', 'winrm']))
      .option('--legacy-algorithms', 'offer old algorithms too, for old servers');

  const secretsOf = (o: AddOptions) => {
    const password = secret(o.passwordFile);
    const sudoPassword = secret(o.sudoPasswordFile);
    const keyPassphrase = secret(o.keyPassphraseFile);
    const secrets = {
      ...(password === undefined ? {} : { password }),
      ...(sudoPassword === undefined ? {} : { sudoPassword }),
      ...(keyPassphrase === undefined ? {} : { keyPassphrase }),
    };
    return Object.keys(secrets).length === 0 ? {} : { secrets };
  };

  described(hosts.command('add <name>').description('add a host')).action(
    action(async (context, [name], o: AddOptions) => {
      if (o.transport === 'winrm') throw invalid('The winrm transport is not available in this version.');
      const client = await context.client();
      const { host } = unwrap(
        await client.call('hosts.add', {
          host: {
            name: name ?? '',
            address: o.address ?? name ?? '',
            ...(o.port === undefined ? {} : { port: port(o.port) }),
            user: o.user ?? 'root',
            auth: authOf(o),
            sudo: o.sudo ?? (o.sudoPasswordFile === undefined ? 'none' : 'password'),
            ...(o.environment === undefined ? {} : { environment: o.environment }),
            tags: parseTags(o.tag),
            ...(o.jump === undefined ? {} : { jump: o.jump }),
            legacyAlgorithms: o.legacyAlgorithms === true,
            ...secretsOf(o),
          },
        }),
      );
      context.result(
        { host: hostDocument(host) },
        () => `Added ${oneHost(host)}\nNext: frostline hosts trust ${host.name}`,
      );
    }),
  );

  described(hosts.command('edit <name>').description('change a host; what is not given stays'))
    .option('--rename <name>', 'new name')
    .action(
      action(async (context, [name], o: Partial<AddOptions> & { rename?: string; tag: string[] }) => {
        const client = await context.client();
        const { hosts: found } = unwrap(await client.call('hosts.list', { selectors: [name ?? ''] }));
        const present = found.find((entry) => entry.host.name === name);
        if (present === undefined) throw invalid(`There is no host named ${name}.`);
        const full = { sudo: 'none', transport: 'ssh', ...o } as AddOptions;
        const { host } = unwrap(
          await client.call('hosts.change', {
            change: {
              id: present.host.id,
              ...(o.rename === undefined ? {} : { name: o.rename }),
              ...(o.address === undefined ? {} : { address: o.address }),
              ...(o.port === undefined ? {} : { port: port(o.port) }),
              ...(o.user === undefined ? {} : { user: o.user }),
              ...(o.key === undefined && o.passwordFile === undefined && o.agent === undefined
                ? {}
                : { auth: authOf(full) }),
              ...(o.sudo === undefined ? {} : { sudo: o.sudo }),
              ...(o.environment === undefined
                ? {}
                : { environment: o.environment === '' ? null : o.environment }),
              ...(o.tag.length === 0 ? {} : { tags: { ...present.host.tags, ...parseTags(o.tag) } }),
              ...(o.jump === undefined ? {} : { jump: o.jump === '' ? null : o.jump }),
              ...(o.legacyAlgorithms === undefined ? {} : { legacyAlgorithms: o.legacyAlgorithms }),
              ...secretsOf(full),
            },
          }),
        );
        context.result({ host: hostDocument(host) }, () => `Changed ${oneHost(host)}`);
      }),
    );

  hosts
    .command('import <file>')
    .description('add hosts from an SSH configuration, an Ansible inventory or CSV')
    .addOption(new Option('--format <format>').choices(['ssh-config', 'ansible', 'csv']))
    .option('--dry-run', 'only say what would happen')
    .action(
      action(async (context, [file], o: { format?: 'ssh-config' | 'ansible' | 'csv'; dryRun?: boolean }) => {
        const client = await context.client();
        const outcome = unwrap(
          await client.call('hosts.import', {
            text: readText(file ?? ''),
            fileName: basename(file ?? ''),
            dryRun: o.dryRun === true,
            ...(o.format === undefined ? {} : { format: o.format }),
          }),
        );
        const document = {
          ...outcome,
          added: outcome.added.map(hostDocument),
          changed: outcome.changed.map(hostDocument),
        };
        context.result(document, () =>
          [
            `${outcome.added.length} added, ${outcome.changed.length} changed, ${outcome.skipped.length} skipped${o.dryRun ? ' (dry run)' : ''}`,
            ...outcome.added.map((host) => `  + ${oneHost(host)}`),
            ...outcome.changed.map((host) => `  ~ ${oneHost(host)}`),
            ...outcome.skipped.map((skip) => `  - ${safe(skip.name)}: ${safe(skip.reason)}`),
          ].join('\n'),
        );
      }),
    );

  hosts
    .command('trust <selector...>')
    .description("show the hosts' keys; with --accept-new, trust the unknown ones")
    .option('--accept-new', 'trust keys of hosts that were not known')
    .action(
      action(async (context, _args, o: { acceptNew?: boolean }, selectors) => {
        await requireHosts(context, selectors);
        const client = await context.client();
        const outcome = unwrap(
          await client.call('hosts.trust', { selectors, acceptNew: o.acceptNew === true }),
        );
        context.result(outcome, () =>
          table(
            ['NAME', 'STATUS', 'TYPE', 'FINGERPRINT', ''],
            outcome.hosts.map((entry) => [
              entry.name,
              entry.status,
              entry.keyType ?? '',
              entry.fingerprint ?? '',
              entry.detail ?? '',
            ]),
            context.paint,
          ),
        );
        context.exitCode = exitCodeForHosts(
          outcome.hosts.map((entry) =>
            entry.status === 'changed' || entry.status === 'revoked'
              ? frostError('host.key-changed', '')
              : entry.status === 'unreachable'
                ? frostError('host.unreachable', '')
                : null,
          ),
        );
        // A changed key is a hard stop even when other hosts are fine.
        if (outcome.hosts.some((entry) => entry.status === 'changed' || entry.status === 'revoked'))
          context.exitCode = 3;
      }),
    );

  hosts
    .command('forget-key <name>')
    .description("forget a host's trusted key after it was changed on purpose")
    .action(
      action(async (context, [name]) => {
        const client = await context.client();
        const { hosts: found } = unwrap(await client.call('hosts.list', { selectors: [name ?? ''] }));
        const present = found.find((entry) => entry.host.name === name);
        if (present === undefined) throw invalid(`There is no host named ${name}.`);
        const { host } = unwrap(await client.call('hosts.forgetKey', { hostId: present.host.id }));
        context.result(
          { host: hostDocument(host) },
          () => `Forgot the key of ${host.name}. Next: frostline hosts trust ${host.name}`,
        );
      }),
    );

  hosts
    .command('list [selector...]')
    .description('list hosts')
    .action(action((context, _args, _options, selectors) => listHosts(context, selectors)));

  hosts
    .command('show [selector...]')
    .description('show hosts with what their last scan found')
    .action(
      action(async (context, _args, _options, selectors) => {
        const found = await requireHosts(context, selectors);
        context.result({ hosts: found.map(flat) }, () =>
          found.length === 0
            ? NO_HOSTS
            : found.map((entry) => shown(entry, context.paint).join('\n')).join('\n\n'),
        );
      }),
    );

  hosts
    .command('remove <selector...>')
    .description('remove hosts from the fleet; their history stays')
    .option('--yes', 'do not ask')
    .action(
      action(async (context, _args, o: { yes?: boolean }, selectors) => {
        const found = await requireHosts(context, selectors);
        const client = await context.client();
        if (found.length > 1 && process.stdin.isTTY && !context.json)
          await context.confirm(`Remove ${found.length} hosts?`, o.yes);
        const outcome = unwrap(await client.call('hosts.remove', { selectors }));
        context.result({ hosts: outcome.hosts.map(hostDocument) }, () =>
          outcome.hosts.map((host) => `Removed ${host.name}`).join('\n'),
        );
      }),
    );
};
