/** Which hosts a command means, and hosts as the command line tells them. */
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { type Context, invalid, unwrap } from './context.ts';

const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** An argument that is only white space is a script's empty variable, and must not be read as anything. */
export const checkSelectors = (selectors: string[]): void => {
  if (selectors.some((selector) => selector.trim() === ''))
    throw invalid('A selector is empty.', 'Write “all” for every host.');
};

/**
 * The hosts meant. Nobody at all, or a plain name that is no host's, is `not-found`: a job on a mistyped name must not end
 * as if it were done.
 */
export const requireHosts = async (context: Context, selectors: string[]): Promise<HostOverview[]> => {
  checkSelectors(selectors);
  const client = await context.client();
  const { hosts } = unwrap(await client.call('hosts.list', { selectors }));
  const names = new Set(hosts.map(({ host }) => host.name.toLowerCase()));
  const missing = selectors
    .map((selector) => selector.trim())
    .filter((word) => PLAIN_NAME.test(word) && word !== 'all' && !names.has(word.toLowerCase()));
  const hint = 'See the fleet with: frostline hosts list';
  if (missing.length > 0)
    throw new FrostFault(
      frostError('not-found', `There is no host named ${missing.slice(0, 10).join(', ')}.`, { hint }),
    );
  if (hosts.length === 0 && selectors.length > 0)
    throw new FrostFault(
      frostError('not-found', `No host matches ${selectors.join(' or ').slice(0, 500)}.`, { hint }),
    );
  return hosts;
};

/** What cli.md lists without a question mark is always there: null where there is none. */
export const hostDocument = <H extends Host>(host: H) => ({
  ...host,
  environment: host.environment ?? null,
});
