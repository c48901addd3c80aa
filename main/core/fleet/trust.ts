/** Asking hosts for their keys, and accepting the unknown ones when the admin says so. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host, HostTrust } from '../../../shared/model/host.ts';
import type { Ports } from '../ports.ts';
import { eachLimited } from './pool.ts';
import { routeOf } from './route.ts';
import { selectStored } from './select.ts';
import { compareNames } from './selector.ts';

const CONCURRENCY = 16;

type Probed = HostTrust & { publicKey?: string };

/** Makes an unknown key a trusted one. Another key may have been accepted for the same address a moment ago: then this one is a change. */
const accept = (ports: Ports, host: Host, probed: Probed): Probed => {
  const { publicKey, fingerprint, keyType } = probed;
  if (
    probed.status !== 'unknown' ||
    publicKey === undefined ||
    fingerprint === undefined ||
    keyType === undefined
  )
    return probed;
  const known = ports.store.trustedKeys(host.address, host.port);
  if (known.length > 0 && !known.some((key) => key.publicKey === publicKey))
    return { ...probed, status: 'changed', expected: known.map((key) => key.fingerprint) };
  ports.store.addTrustedKey({
    address: host.address,
    port: host.port,
    keyType,
    publicKey,
    fingerprint,
    addedAt: new Date(ports.clock.now()).toISOString(),
  });
  // Its detail says how to accept the key, which has just been done.
  const { detail: _, ...accepted } = probed;
  return { ...accepted, status: 'trusted' };
};

export const trustHosts = async (
  ports: Ports,
  input: HandlerInput<'hosts.trust'>,
  signal: AbortSignal,
): Promise<Result<Output<'hosts.trust'>>> => {
  const selected = selectStored(input.selectors, ports.store);
  if (!selected.ok) return selected;
  const results: HostTrust[] = [];
  const ask = async (host: Host): Promise<void> => {
    const unreachable = (detail: string): HostTrust => ({
      hostId: host.id,
      name: host.name,
      status: 'unreachable',
      detail: detail.slice(0, 1000),
    });
    const route = routeOf(host, ports.store);
    if (!route.ok) return void results.push(unreachable(route.error.message));
    const probed = await ports.transport.probeKey(route.value, signal);
    if (!probed.ok) return void results.push(unreachable(probed.error.message));
    const { publicKey: _, ...judged } = input.acceptNew ? accept(ports, host, probed.value) : probed.value;
    results.push(judged);
  };
  // Hosts behind a jump host can only be asked once that one is trusted: the nearer ones come first.
  const depth = (host: Host): number => {
    const route = routeOf(host, ports.store);
    return route.ok ? route.value.via.length : 0;
  };
  for (const [, hosts] of [...Map.groupBy(selected.value, depth)].sort(([a], [b]) => a - b))
    await eachLimited(hosts, CONCURRENCY, signal, ask);
  if (signal.aborted) return fail('cancelled', 'Asking hosts for their keys was cancelled.');
  if (input.acceptNew) ports.changes.announce({ type: 'hosts' });
  return ok({ hosts: results.sort(compareNames) });
};
