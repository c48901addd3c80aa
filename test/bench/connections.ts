/**
 * How fast the console reaches hosts, against OpenSSH with the same key exchange, on the lab's real sshd hosts. Prints ratios:
 * seconds depend on the machine. Run as root: `node test/bench/connections.ts [hosts]`.
 */
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createSshTransport } from '../../main/adapters/ssh/transport.ts';
import { scanDriver } from '../../main/core/drivers/registry.ts';
import { eachLimited } from '../../main/core/fleet/pool.ts';
import type { CommandSpec, TrustStore } from '../../main/core/ports.ts';
import type { Host } from '../../shared/model/host.ts';
import { startFleet } from '../lab/fleet/fleet.ts';
import { createMemoryVault } from '../support/memoryVault.ts';

const AT_ONCE = 32;
const ROUNDS = 3;

const count = Number(process.argv[2] ?? '50');
const fleet = await startFleet({ hosts: count });
const knownHosts = `${process.env.TMPDIR ?? '/tmp'}/frostline-bench-known-hosts-${process.pid}`;

const trust: TrustStore = { trustedKeys: () => [], addTrustedKey: () => {}, removeTrustedKeys: () => {} };
const at = new Date().toISOString();
const hosts: Host[] = fleet.hosts.map((host, index) => ({
  id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  name: host.name,
  address: host.address,
  port: host.port,
  user: 'admin',
  transport: 'ssh',
  auth: { kind: 'key', keyFile: fleet.keys.client },
  sudo: 'nopasswd',
  tags: {},
  legacyAlgorithms: false,
  createdAt: at,
  updatedAt: at,
}));

const nothing: CommandSpec = {
  script: 'exit 0\n',
  root: false,
  timeoutMs: 60_000,
  maxOutputBytes: 1_000_000,
};

const timed = async (work: (host: Host) => Promise<void>): Promise<number> => {
  const began = performance.now();
  await eachLimited(hosts, AT_ONCE, undefined, work);
  return (performance.now() - began) / 1000;
};

const openssh = (host: Host): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = [
      'KexAlgorithms=curve25519-sha256',
      `UserKnownHostsFile=${knownHosts}`,
      'StrictHostKeyChecking=yes',
      'IdentitiesOnly=yes',
      'BatchMode=yes',
    ];
    const args = [
      '-F',
      'none',
      ...options.flatMap((option) => ['-o', option]),
      '-i',
      fleet.keys.client,
      '-p',
      String(host.port),
      `admin@${host.address}`,
      'exit 0',
    ];
    spawn('ssh', args, { stdio: 'ignore' }).once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`ssh ${host.name}: ${code}`)),
    );
  });

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

try {
  await writeFile(knownHosts, fleet.knownHosts());
  const figures: Record<string, number[]> = {
    'OpenSSH, a process per host': [],
    'first connection': [],
    'kept connection': [],
    'whole scan, kept connection': [],
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const transport = createSshTransport({
      trust,
      vault: createMemoryVault(),
      userKnownHostsFiles: [knownHosts],
      log: { write: () => {} },
    });
    const run = (spec: CommandSpec) => async (host: Host) => {
      const done = await transport.run({ host, via: [] }, spec);
      if (!done.ok) throw new Error(`${host.name}: ${done.error.message}`);
    };
    figures['OpenSSH, a process per host']?.push(await timed(openssh));
    figures['first connection']?.push(await timed(run(nothing)));
    figures['kept connection']?.push(await timed(run(nothing)));
    figures['whole scan, kept connection']?.push(
      await timed(run(scanDriver().scan({ nonce: 'b'.repeat(32), refresh: false }))),
    );
    transport.release();
  }
  await rm(knownHosts, { force: true });
  const base = median(figures['OpenSSH, a process per host'] ?? []);
  console.log(`${count} hosts, ${AT_ONCE} at once, median of ${ROUNDS}; ratio to OpenSSH, lower is faster`);
  for (const [name, seconds] of Object.entries(figures))
    console.log(
      `${(median(seconds) / base).toFixed(2).padStart(6)}  ${name}  (${median(seconds).toFixed(2)} s)`,
    );
} finally {
  await fleet.stop();
}
