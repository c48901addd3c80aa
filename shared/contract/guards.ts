/** The guards of hosts: what enforces a freeze on the hosts themselves. */
import { z } from 'zod';
import { GuardView } from '../model/guard.ts';
import { SnapshotRef } from '../model/snapshot.ts';
import { command, query } from './define.ts';
import { Selectors } from './fleet.ts';

const Guards = z.object({ guards: z.array(GuardView) });

export const guards = {
  /** Hosts that have a guard, or are to have one or lose it. No selector: all. `check`: each host is asked first. */
  status: query(z.object({ selectors: Selectors.default([]), check: z.boolean().default(false) }), Guards),
  /**
   * Puts a guard on at once, whatever is frozen: of the named snapshot, else of the freeze that holds on each host. Puts a
   * tampered one right, too. Hosts under a freeze of another snapshot are refused.
   */
  on: command(z.object({ selectors: Selectors.min(1), snapshot: SnapshotRef.optional() }), Guards, {
    permission: 'deploy',
  }),
  /** Takes it off at once. On a host whose freeze asks for it, it stays off until that is over or somebody puts it on. */
  off: command(z.object({ selectors: Selectors.min(1) }), Guards, { permission: 'deploy' }),
  /** Returns when what freezes ask for now was tried on each of the hosts. */
  settle: command(z.object({ selectors: Selectors.min(1) }), Guards, { permission: 'deploy', audit: 'none' }),
};
