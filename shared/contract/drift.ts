/** What changed on hosts behind the console's back. */
import { z } from 'zod';
import { HostDrift } from '../model/drift.ts';
import { command, query } from './define.ts';
import { Selectors } from './fleet.ts';

export const drift = {
  /** As of each host's last good scan; nothing is asked of a host. No selector: all. */
  list: query(z.object({ selectors: Selectors.default([]) }), z.object({ drift: z.array(HostDrift) })),
  /** Takes what the last good scan saw as the state to compare with from now on. */
  accept: command(z.object({ selectors: Selectors.min(1) }), z.object({ drift: z.array(HostDrift) }), {
    permission: 'edit',
  }),
};
