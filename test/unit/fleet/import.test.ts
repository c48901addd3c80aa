import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandRanges } from '../../../main/core/fleet/import/ansible.ts';
import { type Format, guessFormat, readInventory } from '../../../main/core/fleet/import/read.ts';
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { contract } from '../../../shared/contract/contract.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { makeHost, uuid } from './make.ts';
import { caller, must, refusal, service } from './service.ts';

type Answer = Output<'hosts.import'>;
const brief = (answer: Answer) => ({
  added: answer.added.map((host) => host.name),
  changed: answer.changed.map((host) => host.name),
  skipped: answer.skipped.map((each) => each.name),
});
const importing = (text: string, options: Partial<HandlerInput<'hosts.import'>> = {}) => ({
  text,
  fileName: 'inventory',
  dryRun: false,
  ...options,
});
const imported = async (text: string, options: Partial<HandlerInput<'hosts.import'>> = {}) => {
  const made = service();
  const answer = must(await made.hosts.import(importing(text, options), caller()));
  const host = (name: string) => {
    const found = answer.added.find((each) => each.name === name);
    if (found === undefined) throw new Error(`${name} was not added: ${JSON.stringify(answer.skipped)}`);
    return found;
  };
  const reason = (name: string) => answer.skipped.find((each) => each.name === name)?.reason;
  return { ...made, answer, host, reason };
};

describe('an OpenSSH configuration', () => {
  const text = `
# the office
Host bastion
  HostName = gate.example
  User gatekeeper
Host web-1 "web-2" !web-3
  HostName %h.internal
  Port 2222
  ProxyJump bastion
  IdentityFile "~/.ssh/web key"
  IdentityFile ~/.ssh/second
  Port 99
Host db-1
  HostName 2001:db8::1
  IdentityFile none
  proxyjump none
Host old
  ProxyCommand nc %h %p
Host web-*
  User deploy
Host *
  User everyone
  Port 2200
  IdentityFile ~/.ssh/id_ed25519
Host far
  ProxyJump a,b
Host odd
  HostName %n.example
Host lost
  ProxyJump nowhere
Match host web-1
  User matched
Include other.conf
Host !denied
`;

  it('gives hosts as ssh itself would reach them', async () => {
    const { host } = await imported(text, { fileName: 'config' });
    const key = (keyFile: string) => ({ kind: 'key', keyFile });
    expect(host('bastion')).toMatchObject({ address: 'gate.example', port: 2200, user: 'gatekeeper' });
    expect(host('web-1')).toMatchObject({
      address: 'web-1.internal',
      port: 2222,
      user: 'deploy',
      jump: 'bastion',
      auth: key('~/.ssh/web key'),
    });
    expect(host('web-2')).toMatchObject({ address: 'web-2.internal', jump: 'bastion' });
    expect(host('db-1')).toMatchObject({ address: '2001:db8::1', user: 'everyone', auth: { kind: 'agent' } });
    expect(host('db-1')).not.toHaveProperty('jump');
  });

  it('says of everything else why it was left out', async () => {
    const { answer, reason } = await imported(text, { fileName: 'config' });
    expect(answer.added.map((host) => host.name)).toEqual(['bastion', 'db-1', 'web-1', 'web-2']);
    expect(reason('old')).toContain('ProxyCommand');
    expect(reason('*')).toContain('pattern');
    expect(reason('far')).toContain('several hosts');
    expect(reason('odd')).toContain('HostName');
    expect(reason('lost')).toContain('nowhere');
    expect(reason('Match host web-1')).toContain('left out');
    expect(reason('Include other.conf')).toContain('not followed');
  });

  it('takes the account of the console where no user is named', async () => {
    expect((await imported('Host a\n', { format: 'ssh-config' })).host('a').user).toBe('anna');
  });
});

describe('an Ansible inventory', () => {
  const text = `
mail.example ansible_port=2201   # first
[web]
web[01:03].example ansible_user=deploy
db-[a:c:2] ansible_host=10.0.0.1
10.1.1.1:2022
[web:vars]
ansible_ssh_private_key_file = "~/.ssh/web"
ansible_become=true
[prod:children]
web
[prod:vars]
ansible_user=produser
ansible_port=2022
[all:vars]
ansible_user=alluser
ansible_become_password=geheim
[special hosts]
win ansible_connection=winrm
tpl ansible_host="{{ ip }}"
su-1 ansible_become=yes ansible_become_method=su
local ansible_connection=local
behind ansible_ssh_common_args='-o ProxyJump=mail.example -o StrictHostKeyChecking=no'
cmd ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p gate"'
bad;name
-dash
`;

  it('expands ranges and lets inner variables win', async () => {
    const { answer, host } = await imported(text);
    expect(answer.added.map((each) => each.name)).toEqual([
      '10.1.1.1',
      'behind',
      'db-a',
      'db-c',
      'mail.example',
      'web01.example',
      'web02.example',
      'web03.example',
    ]);
    expect(host('web02.example')).toMatchObject({
      address: 'web02.example',
      user: 'deploy',
      port: 2022,
      auth: { kind: 'key', keyFile: '~/.ssh/web' },
      sudo: 'password',
      tags: { web: '', prod: '' },
    });
    expect(host('db-c')).toMatchObject({ address: '10.0.0.1', user: 'produser' });
    expect(host('mail.example')).toMatchObject({ user: 'alluser', port: 2201, sudo: 'none', tags: {} });
    expect(host('behind')).toMatchObject({ jump: 'mail.example' });
  });

  it('takes no password along', async () => {
    const { answer, vault } = await imported(text);
    expect(JSON.stringify(answer)).not.toContain('geheim');
    expect(vault.secrets.size).toBe(0);
  });

  it('says of everything else why it was left out', async () => {
    const { reason } = await imported(text);
    expect(reason('win')).toContain('winrm');
    expect(reason('local')).toContain('local');
    expect(reason('tpl')).toContain('template');
    expect(reason('su-1')).toContain('su');
    expect(reason('cmd')).toContain('ProxyCommand');
    expect(reason('bad;name')).toContain('letters, digits');
    expect(reason('-dash')).toContain('letters, digits');
    expect(reason('special hosts')).toContain('tag');
  });

  it.each([
    ['web[01:03]', ['web01', 'web02', 'web03']],
    ['web[8:10]', ['web8', 'web9', 'web10']],
    ['w[0:4:2]-[a:b]', ['w0-a', 'w0-b', 'w2-a', 'w2-b', 'w4-a', 'w4-b']],
    ['[2001]', ['[2001]']],
    ['w[3:1]', []],
  ])('expands %s', (pattern, names) => {
    expect(expandRanges(pattern)).toEqual(names);
  });

  it('refuses a file that expands to more hosts than anybody has, before it does', async () => {
    const { hosts } = service();
    for (const pattern of ['w[1:999999]', 'w[1:999][1:999][1:999]', 'w[1:9000]\nv[1:9000]']) {
      const input = importing(`[web]\n${pattern}\n`);
      expect(refusal(await hosts.import(input, caller())).code).toBe('input.too-large');
    }
  });

  it('lets the inner of two groups win, and the host over both', async () => {
    const { host } = await imported(
      '[inner]\na\nb ansible_port=3\n[outer:children]\ninner\n' +
        '[inner:vars]\nansible_port=2\nansible_user=inner\n[outer:vars]\nansible_port=1\nansible_user=outer\n',
    );
    expect(host('a')).toMatchObject({ port: 2, user: 'inner' });
    expect(host('b')).toMatchObject({ port: 3, user: 'inner' });
  });

  it('survives groups that contain each other', async () => {
    const { host } = await imported('[a]\nx\n[a:children]\nb\n[b:children]\na\n');
    expect(host('x').tags).toEqual({ a: '', b: '' });
  });

  it('says that YAML is not read', async () => {
    const { hosts } = service();
    const yaml = importing('all:\n  hosts:\n    a:\n', { fileName: 'hosts.yml' });
    expect(refusal(await hosts.import(yaml, caller())).code).toBe('not-available');
  });
});

describe('a table', () => {
  it('is read by the names of its columns', async () => {
    const { answer, host, reason } = await imported(
      '\uFEFFName;IP;Port;User;Key;Sudo;Env;Tags;Jump host;Password;Rack;Note\r\n' +
        'web-1;10.0.0.1;2222;deploy;~/.ssh/id;nopasswd;production;web tier=front;gate;x;7;"say ""hi""; twice"\r\n' +
        'gate;10.0.0.2;;;agent;;;;;;;\r\n' +
        ';;;;;;;;;;;\r\n' +
        'WEB-1;10.0.0.3;;;;;;;;;;\r\n' +
        'bad;10.0.0.4;x;;;;;;;;;\r\n' +
        'worse;10.0.0.5;;;;maybe;;;;;;\r\n',
      { fileName: 'hosts.csv' },
    );
    expect(host('web-1')).toMatchObject({
      address: '10.0.0.1',
      port: 2222,
      user: 'deploy',
      auth: { kind: 'key', keyFile: '~/.ssh/id' },
      sudo: 'nopasswd',
      environment: 'production',
      tags: { web: '', tier: 'front' },
      jump: 'gate',
      note: 'say "hi"; twice',
    });
    expect(host('gate')).toMatchObject({ address: '10.0.0.2', port: 22, auth: { kind: 'agent' } });
    expect(answer.added).toHaveLength(2);
    expect(reason('column Password')).toContain('Passwords are not taken');
    expect(reason('column Rack')).toContain('Not a column');
    expect(reason('WEB-1')).toContain('earlier line');
    expect(reason('bad')).toContain('not a port');
    expect(reason('worse')).toContain('sudo is none');
  });

  it.each([
    ['address,user\n10.0.0.1,root\n', 'names no column “name”'],
    ['name,note\na,"never ends\n', 'never ends'],
  ])('is refused when it is not one', async (text, message) => {
    const { hosts } = service();
    const error = refusal(await hosts.import(importing(text, { format: 'csv' }), caller()));
    expect(error).toMatchObject({ code: 'input.invalid', message: expect.stringContaining(message) });
  });
});

describe('importing', () => {
  const csv = 'name,address,user,tags\nweb-1,10.0.0.1,root,new\nweb-2,10.0.0.2,root,\n';

  it('adds what is new, changes what is known, and keeps what the file does not say', async () => {
    const store = createMemoryStore();
    const known = makeHost('WEB-1', { port: 2222, tags: { old: 'x' }, note: 'kept' });
    store.putHost(known);
    const { hosts, transport, changes } = service({ store });
    const answer = must(await hosts.import(importing(csv), caller()));
    expect(brief(answer)).toEqual({ added: ['web-2'], changed: ['WEB-1'], skipped: [] });
    expect(store.hostByName('web-1')).toMatchObject({
      id: known.id,
      name: 'WEB-1',
      address: '10.0.0.1',
      user: 'root',
      port: 2222,
      tags: { old: 'x', new: '' },
      note: 'kept',
    });
    expect(transport.released).toEqual([known.id]);
    expect(changes.notes).toEqual([{ type: 'hosts' }]);
    const again = must(await hosts.import(importing(csv), caller()));
    expect(brief(again)).toEqual({ added: [], changed: [], skipped: ['web-1', 'web-2'] });
  });

  it('changes nothing in a dry run, and says the same', async () => {
    const { hosts, store, changes } = service();
    const dry = must(await hosts.import(importing(csv, { dryRun: true }), caller()));
    expect(store.hosts()).toEqual([]);
    expect(changes.notes).toEqual([]);
    expect(brief(must(await hosts.import(importing(csv), caller())))).toEqual(brief(dry));
  });

  it('leaves a host alone that is in an unfinished run', async () => {
    const store = createMemoryStore();
    store.putHost(makeHost('web-1'));
    const { hosts } = service({ store }, { activeRun: () => uuid(77) });
    const answer = must(await hosts.import(importing(csv), caller()));
    expect(brief(answer)).toEqual({ added: ['web-2'], changed: [], skipped: ['web-1'] });
  });

  it('leaves out hosts whose jump hosts go in a circle or fall away, and what hangs on them', async () => {
    const table = 'name,address,jump\na,a,b\nb,b,a\nc,c,b\nall,x,\nd,d,all\ne,e,\nf,f,e\n';
    const { answer } = await imported(table);
    expect(brief(answer)).toEqual({
      added: ['e', 'f'],
      changed: [],
      skipped: expect.arrayContaining(['a', 'b', 'c', 'd', 'all']),
    });
  });

  it.each<[string, string, Format | undefined]>([
    ['Host a\n  Port 22\n', 'config', 'ssh-config'],
    ['[web]\na\n', 'hosts', 'ansible'],
    ['a ansible_host=1.2.3.4\n', 'hosts', 'ansible'],
    ['name,address\n', 'fleet.txt', 'csv'],
    ['x', 'fleet.csv', 'csv'],
    ['x', 'fleet.ini', 'ansible'],
    ['just some words\n', 'notes.txt', undefined],
  ])('guesses the format of %j in %s', (text, fileName, format) => {
    expect(guessFormat(text, fileName)).toBe(format);
  });

  it('asks for the format where it cannot be told', async () => {
    const { hosts } = service();
    const error = refusal(await hosts.import(importing('words\n'), caller()));
    expect(error).toMatchObject({ code: 'input.invalid', hint: expect.stringContaining('--format') });
  });

  it('takes any text without breaking, and answers within the contract', async () => {
    const piece = fc.constantFrom(
      'Host ',
      'Match ',
      'ProxyJump ',
      '[',
      ']',
      ':children]',
      ':vars]',
      '"',
      "'",
      '\\',
      '=',
      ',',
      ';',
      '\n',
      '\n[web]\n',
      'a',
      'web[1:3]',
      'ansible_host=',
      'ansible_port=99999',
      'name,address\n',
      '{{ x }}',
      '\u001b[31m',
      '\u202e',
      '__proto__',
      'constructor',
      '-oProxyCommand=x',
      '$(id)',
      '`id`',
      '\0',
      '💣',
      ' ',
    );
    const format = fc.constantFrom<Format | undefined>('ssh-config', 'ansible', 'csv', undefined);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), format, async (pieces, kind) => {
        const input = importing(pieces.join(''), kind === undefined ? {} : { format: kind });
        const made = service();
        const answer = await made.hosts.import(input, caller());
        if (answer.ok) contract.hosts.import.output.parse(answer.value);
        else expect(answer.error.code).toMatch(/^(input\.|not-available)/);
      }),
      { numRuns: 1500 },
    );
  });

  it('refuses a file with more hosts than anybody has, in every format', () => {
    const names = Array.from({ length: 10_001 }, (_, n) => `host-${n}`);
    const files: [Format, string][] = [
      ['ssh-config', names.map((name) => `Host ${name}\nUser x\n`).join('')],
      ['csv', `name\n${names.join('\n')}`],
      ['ansible', names.join('\n')],
    ];
    for (const [format, text] of files)
      expect(refusal(readInventory(text, 'x', format)).code).toBe('input.too-large');
  });

  it('brings in as many as anybody has', async () => {
    const { hosts } = service();
    const table = Array.from(
      { length: 2000 },
      (_, n) => `host-${n},10.0.0.1,${n === 0 ? '' : `host-${n >> 1}`}`,
    );
    const input = importing(`name,address,jump\n${table.join('\n')}`);
    expect(must(await hosts.import(input, caller())).added).toHaveLength(2000);
  });

  it('reads a long file in time proportional to it', () => {
    const line = 'web-1 ansible_host=10.0.0.1 ansible_user=deploy\n';
    expect(must(readInventory(line.repeat(80_000), 'hosts', 'ansible')).candidates).toHaveLength(1);
    expect(readInventory('"'.repeat(1_000_001), 'x', 'csv').ok).toBe(false);
    expect(must(readInventory(`Host ${'a '.repeat(400_000)}\n`, 'x', 'ssh-config')).candidates).toHaveLength(
      1,
    );
  });
});
