/** Which hosts a connection goes through. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { HostStore, Route } from '../ports.ts';

/**
 * The jump chain of a host: `via[0]` is the host it names, the last is the one the console itself connects to.
 * Errors: `not-found` where a named jump host is not there, `state.conflict` where the chain comes back to a host on it.
 */
export const routeOf = (host: Host, store: Pick<HostStore, 'hostByName'>): Result<Route> => {
  const via: Host[] = [];
  const passed = new Set([host.name.toLowerCase()]);
  let last = host;
  while (last.jump !== undefined) {
    const next = store.hostByName(last.jump);
    if (next === undefined)
      return fail('not-found', `${last.name} is reached through ${last.jump}, and there is no such host.`, {
        host: host.name,
        hint: `Add ${last.jump}, or change the jump host of ${last.name}.`,
      });
    if (passed.has(next.name.toLowerCase())) {
      const chain = [host, ...via, next].map((hop) => hop.name).join(' → ');
      return fail('state.conflict', `The jump hosts go round in a circle: ${chain}.`, {
        host: host.name,
        hint: 'Change the jump host of one of them.',
      });
    }
    passed.add(next.name.toLowerCase());
    via.push(next);
    last = next;
  }
  return ok({ host, via });
};
