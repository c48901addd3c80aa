/**
 * A network of its own for hosts whose link shall break: a bridge per fleet, and per host a network namespace joined to it by a
 * veth pair. What happens to such a host's packets happens to nobody else's. The machine, and with it the console, is on the
 * bridge too; so is the repository.
 */
import { readdir } from 'node:fs/promises';
import { must, run } from './process.ts';

/** RFC 2544's range for tests of networks: nobody's real network has it. */
export const networkAddress = (block: number, index: number): string => `198.18.${block}.${index}`;
export const networkRepositoryAddress = (block: number): string => networkAddress(block, 254);

const NAMESPACES = '/run/netns';
const prefixOf = (block: number): string => `fl-${block}-`;
const bridgeOf = (block: number): string => `flbr${block}`;
const deviceOf = (block: number, index: number | ''): string => `fl${block}v${index}`;

/** What happens to packets, until `clear`: `drop` all · `lose` some of them, at random, both ways · `reset` every TCP packet for sshd · `only`: nothing but answers from this port, no route to anywhere. */
export type Interference =
  | { readonly kind: 'drop' }
  | { readonly kind: 'lose'; readonly percent: number }
  | { readonly kind: 'reset'; readonly port: number }
  | { readonly kind: 'refuse-out'; readonly port: number }
  | { readonly kind: 'only'; readonly port: number };

const rulesOf = (what: Interference): { input: string[]; output: string[] } => {
  switch (what.kind) {
    case 'drop':
      return { input: ['iif != lo drop'], output: ['oif != lo drop'] };
    case 'lose': {
      const lost = `numgen random mod 100 < ${what.percent} drop`;
      return { input: [`iif != lo ${lost}`], output: [`oif != lo ${lost}`] };
    }
    case 'reset':
      return { input: [`tcp dport ${what.port} reject with tcp reset`], output: [] };
    case 'refuse-out':
      return { input: [], output: [`tcp dport ${what.port} reject with icmpx type host-unreachable`] };
    case 'only':
      return {
        input: [],
        output: [`oif != lo tcp sport ${what.port} accept`, 'oif != lo reject with icmpx type no-route'],
      };
  }
};

export interface HostNetwork {
  /** Path of the namespace, for `nsenter --net=`. */
  readonly namespace: string;
  readonly address: string;
  /** Pulls the plug, or puts it back: without a link nothing is delivered and nobody is told. */
  link(up: boolean): Promise<void>;
  /** One kind of interference at a time; the last one counts. */
  interfere(what: Interference): Promise<void>;
  /** Link up, no interference. */
  clear(): Promise<void>;
}

/** The bridge with the machine's and the repository's address on it. Idempotent. */
export const createBridge = async (block: number): Promise<void> => {
  const bridge = bridgeOf(block);
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await must('ip', ['address', 'replace', `${networkRepositoryAddress(block)}/24`, 'dev', bridge]);
  await must('ip', ['link', 'set', bridge, 'up']);
};

/** A namespace with loopback and one card, `eth0`, joined to the fleet's bridge. It outlives the host's power cuts. */
export const createHostNetwork = async (block: number, index: number): Promise<HostNetwork> => {
  const name = `${prefixOf(block)}${index}`;
  const namespace = `${NAMESPACES}/${name}`;
  const address = networkAddress(block, index);
  const device = deviceOf(block, index);
  await must('ip', ['netns', 'add', name]);
  await must('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await must('ip', ['link', 'set', device, 'master', bridgeOf(block), 'up']);
  await must('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  await must('ip', ['-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0']);
  await must('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
  const nft = (script: string): Promise<string> =>
    must('nsenter', [`--net=${namespace}`, 'nft', '-f', '-'], { input: script });
  const empty = 'add table inet lab\ndelete table inet lab\n';
  const link = async (up: boolean): Promise<void> => {
    await must('ip', ['link', 'set', device, up ? 'up' : 'down']);
  };
  return {
    namespace,
    address,
    link,
    interfere: async (what) => {
      const { input, output } = rulesOf(what);
      const chain = (hook: 'input' | 'output', rules: readonly string[]): string =>
        ` chain ${hook} {\n  type filter hook ${hook} priority 0; policy accept;\n${rules.map((rule) => `  ${rule}\n`).join('')} }\n`;
      await nft(`${empty}table inet lab {\n${chain('input', input)}${chain('output', output)}}\n`);
    },
    clear: async () => {
      await nft(empty);
      await link(true);
    },
  };
};

/** Removes the bridge and every namespace of a block, whoever made them. */
export const removeNetworks = async (block: number): Promise<void> => {
  const links = await must('ip', ['-brief', 'link', 'show', 'type', 'veth']);
  // A card goes at once, a namespace with what is left in it only in the kernel's own time.
  for (const device of links.split('\n').map((line) => /^[^@\s]+/.exec(line)?.[0] ?? ''))
    if (device.startsWith(deviceOf(block, ''))) await run('ip', ['link', 'delete', device]);
  const names = (await readdir(NAMESPACES).catch(() => [])).filter((name) =>
    name.startsWith(prefixOf(block)),
  );
  for (const name of names) await must('ip', ['netns', 'delete', name]);
  await run('ip', ['link', 'delete', bridgeOf(block)]);
};
