/** Building a host from what was given, and checking that it fits among the others. Pure. */
import type { HandlerInput } from '../../../shared/contract/contract.ts';
import { err, fail, ok, type Result } from '../../../shared/errors.ts';
import { Host } from '../../../shared/model/host.ts';
import { invalidInput } from '../inputWords.ts';
import { routeOf } from './route.ts';
import { RESERVED_NAMES } from './selector.ts';

export type GivenHost = HandlerInput<'hosts.add'>['host'];
export type GivenChange = HandlerInput<'hosts.change'>['change'];

export const newHost = (given: GivenHost, id: string, now: string): Host => {
  const { secrets: _, environment, jump, note, ...rest } = given;
  return {
    ...rest,
    id,
    createdAt: now,
    updatedAt: now,
    ...(environment === undefined ? {} : { environment }),
    ...(jump === undefined ? {} : { jump }),
    ...(note === undefined ? {} : { note }),
  };
};

/** Fields left out stay, `null` empties. Validated once more, since it is put together from two sources. */
export const changedHost = (host: Host, change: GivenChange, now: string): Result<Host> => {
  const { secrets: _, id: __, ...fields } = change;
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...host, ...Object.fromEntries(said), updatedAt: now });
  const parsed = Host.safeParse(Object.fromEntries(merged.filter(([, value]) => value !== null)));
  if (parsed.success) return ok(parsed.data);
  return err({ ...invalidInput(parsed.error), host: host.name });
};

/** Hosts by name without regard to case, in the form that `routeOf` asks. */
export type ByName = { hostByName(name: string): Host | undefined };
export const byName = (hosts: Iterable<Host>): ByName => {
  const names = new Map([...hosts].map((host) => [host.name.toLowerCase(), host]));
  return { hostByName: (name) => names.get(name.toLowerCase()) };
};

/**
 * Whether the host may stand among the others (an older form of itself among them does not count).
 * Errors: `input.invalid` (a reserved name), `already-exists`, `not-available` (WinRM), `not-found` and `state.conflict` (its jump hosts).
 */
export const fits = (host: Host, others: ByName): Result<void> => {
  const lower = host.name.toLowerCase();
  if (RESERVED_NAMES.has(lower))
    return fail('input.invalid', `A host cannot be called “${host.name}”: selectors use the word.`);
  const holder = others.hostByName(host.name);
  if (holder !== undefined && holder.id !== host.id)
    return fail('already-exists', `There is a host named ${host.name} already.`, { host: host.name });
  if (host.transport !== 'ssh')
    return fail('not-available', 'Hosts are reached by SSH only; WinRM is not there yet.', {
      host: host.name,
    });
  const route = routeOf(host, {
    hostByName: (name) => (name.toLowerCase() === lower ? host : others.hostByName(name)),
  });
  return route.ok ? ok(undefined) : route;
};
