/** The hosts service over fakes, with a network of pretended keys. */
import { createHostsService, type HostsExtra } from '../../../main/core/fleet/hosts.ts';
import type { Ports, Route, Transport } from '../../../main/core/ports.ts';
import type { Caller } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { HostTrust } from '../../../shared/model/host.ts';
import { createMemoryVault } from '../../support/memoryVault.ts';
import { collectingChanges, fakePorts } from '../../support/ports.ts';

export const caller = (signal: AbortSignal = new AbortController().signal): Caller => ({
  signal,
  actor: 'test',
});

export const fingerprint = (letter: string): string => `SHA256:${letter.repeat(43)}`;

export type FakeTransport = Transport & { released: (string | undefined)[]; probed: string[] };

/** Answers for a host's key by name; a host that is not in the table is unreachable. */
export const fakeTransport = (
  keys: Record<string, Partial<HostTrust> & { publicKey?: string }> = {},
): FakeTransport => {
  const released: (string | undefined)[] = [];
  const probed: string[] = [];
  return {
    released,
    probed,
    run: async () => fail('host.unreachable', 'nobody there'),
    probeKey: async ({ host }: Route): Promise<Result<HostTrust & { publicKey?: string }>> => {
      probed.push(host.name);
      const key = keys[host.name];
      if (key === undefined) return fail('host.unreachable', `${host.name} does not answer.`);
      return ok({ hostId: host.id, name: host.name, status: 'unknown', ...key });
    },
    release: (hostId) => void released.push(hostId),
  };
};

export const service = (
  chosen: Partial<Ports> = {},
  extra: Partial<HostsExtra> = {},
  transport = fakeTransport(),
) => {
  const vault = createMemoryVault();
  const changes = collectingChanges();
  const ports = fakePorts({ vault, transport, changes, ...chosen });
  const hosts = createHostsService(ports, {
    frozenBy: () => undefined,
    activeRun: () => undefined,
    ...extra,
  });
  return { hosts, ports, store: ports.store, vault, transport, changes };
};

/** The value of a result that must be one. */
export const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
/** The error of a result that must be one. */
export const refusal = <T>(result: Result<T>) => {
  if (result.ok) throw new Error('It was not refused.');
  return result.error;
};
