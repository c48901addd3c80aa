import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fleetsDir, users } from './config.ts';
import { cleanStale, type Fleet, type FleetOptions, startFleet } from './fleet.ts';
import { openImage } from './image.ts';

const usage = `A fleet of real Debian and RPM hosts on loopback, for trials by hand. Needs root.

  node test/lab/fleet/cli.ts up [--hosts 12] [--systemd 0] [--dnf 0] [--dnf-systemd 0] [--zypper 0] [--zypper-systemd 0] [--block K] [--disk-mib 300] [--print-json]
      Stays in the foreground; Ctrl-C (or SIGTERM, or the end of the terminal) removes the fleet.
      --print-json: one JSON document on stdout once the fleet stands. It is also in <dir>/fleet.json.
      Meanwhile commands can be typed: "reset h01", "cut h01", "boot h01", "freeze h01", "thaw h01", "drop h01",
      "lock h01", "unlock h01", "fill h01", "unfill h01", "key h01", "refuse h01", "accept h01".
  node test/lab/fleet/cli.ts down [--block K]
      Ends the fleets that "up" keeps (all, or one) and removes what killed sessions left.
  node test/lab/fleet/cli.ts image
      Only builds the image, if it is not there yet.
`;

const description = (fleet: Fleet): unknown => ({
  block: fleet.block,
  pid: process.pid,
  dir: fleet.dir,
  repository: `http://${fleet.repository.address}:${fleet.repository.port}/debian`,
  rpmRepository: `http://${fleet.repository.address}:${fleet.repository.port}/rpm`,
  users,
  keys: fleet.keys,
  knownHosts: join(fleet.dir, 'known_hosts'),
  hosts: fleet.hosts.map((h) => ({
    name: h.name,
    address: h.address,
    port: h.port,
    flavour: h.flavour,
    manager: h.manager,
    hostKey: h.hostKey,
  })),
});

type Undo = () => Promise<void>;

/** One typed command. Faults that have an opposite leave it in `undo` under `<fault> <host>`. */
const obey = async (fleet: Fleet, undo: Map<string, Undo>, line: string): Promise<string> => {
  const [verb = '', name = ''] = line.trim().split(/\s+/);
  const host = fleet.host(name);
  const reverse = async (fault: string): Promise<void> => {
    const back = undo.get(`${fault} ${name}`);
    undo.delete(`${fault} ${name}`);
    await back?.();
  };
  const actions: Record<string, () => Promise<unknown>> = {
    reset: () => host.reset(),
    cut: () => host.powerCut(),
    boot: () => host.boot(),
    freeze: () => host.freeze(),
    thaw: () => host.thaw(),
    drop: () => host.dropSshConnections(),
    key: () => host.changeHostKey(),
    lock: async () => {
      const held = await host.holdManagerLock();
      undo.set(`lock ${name}`, () => held.release());
    },
    unlock: () => reverse('lock'),
    fill: async () => undo.set(`fill ${name}`, await host.fillDisk()),
    unfill: () => reverse('fill'),
    refuse: async () => undo.set(`refuse ${name}`, await host.refuseSsh()),
    accept: () => reverse('refuse'),
  };
  const action = actions[verb];
  if (action === undefined) return `unknown command: ${verb} (${Object.keys(actions).join(', ')})`;
  await action();
  return `${verb} ${name}: done`;
};

const up = async (options: FleetOptions, json: boolean): Promise<void> => {
  // From the first moment on: a signal while the fleet is being built must still remove it.
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  const started = performance.now();
  const fleet = await startFleet(options);
  const text = `${JSON.stringify(description(fleet), null, 2)}\n`;
  await writeFile(join(fleet.dir, 'known_hosts'), fleet.knownHosts());
  await writeFile(join(fleet.dir, 'fleet.json'), text);
  if (json) process.stdout.write(text);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.error(
    `${fleet.hosts.length} hosts on 127.0.${fleet.block}.1… after ${seconds} s (${join(fleet.dir, 'fleet.json')}). Ctrl-C ends them.`,
  );
  const undo = new Map<string, Undo>();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    obey(fleet, undo, line).then(
      (answer) => console.error(answer),
      (error: unknown) => console.error(error instanceof Error ? error.message : String(error)),
    );
  });
  await ended;
  lines.close();
  await fleet.stop();
};

/** Asks the keepers to end, waits for them, and cleans what has no keeper any more. */
const down = async (only: number | undefined): Promise<void> => {
  const names = await readdir(fleetsDir).catch(() => []);
  const blocks = names.map(Number).filter((block) => block > 0 && (only === undefined || block === only));
  for (const block of blocks) {
    const text = await readFile(join(fleetsDir, String(block), 'fleet.json'), 'utf8').catch(() => null);
    // Only "up" writes fleet.json: a running test's fleet is not ours to end.
    const pid = text === null ? null : Number(/"pid": (\d+)/.exec(text)?.[1]);
    const command = pid === null ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (pid !== null && command.includes('fleet/cli.ts')) process.kill(pid, 'SIGTERM');
  }
  let open = blocks;
  for (let tries = 0; tries < 50 && open.length > 0; tries += 1) {
    const cleaned = await cleanStale(open);
    open = open.filter((block) => !cleaned.includes(block));
    if (open.length > 0) await delay(200);
  }
  console.error(open.length === 0 ? 'nothing left' : `still in use: blocks ${open.join(', ')}`);
};

const number = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: 'string' },
    systemd: { type: 'string' },
    dnf: { type: 'string' },
    'dnf-systemd': { type: 'string' },
    zypper: { type: 'string' },
    'zypper-systemd': { type: 'string' },
    block: { type: 'string' },
    'disk-mib': { type: 'string' },
    'print-json': { type: 'boolean', default: false },
  },
});
const [hosts, block, diskMiB] = [number(values.hosts), number(values.block), number(values['disk-mib'])];
if (positionals[0] === 'up') {
  await up(
    {
      ...(hosts !== undefined && { hosts }),
      ...(values.systemd !== undefined && { systemd: Number(values.systemd) }),
      ...(values.dnf !== undefined && { dnf: Number(values.dnf) }),
      ...(values['dnf-systemd'] !== undefined && { dnfSystemd: Number(values['dnf-systemd']) }),
      ...(values.zypper !== undefined && { zypper: Number(values.zypper) }),
      ...(values['zypper-systemd'] !== undefined && { zypperSystemd: Number(values['zypper-systemd']) }),
      ...(block !== undefined && { block }),
      ...(diskMiB !== undefined && { diskMiB }),
    },
    values['print-json'],
  );
  process.exit(0);
} else if (positionals[0] === 'down') await down(block);
else if (positionals[0] === 'image')
  await (await openImage(['apt-plain', 'apt-systemd', 'dnf-plain'])).release();
else {
  console.error(usage);
  process.exitCode = 2;
}
