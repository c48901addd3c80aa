/** Selectors over the stored fleet. */
import type { Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { HostStore, ScanStore } from '../ports.ts';
import { type OsOf, selectHosts } from './selector.ts';

/** What each host runs by its last good scan; read from the store when it is first asked for. */
export const knownSystems = (store: Pick<ScanStore, 'scanSummaries'>): OsOf => {
  let summaries: ReturnType<ScanStore['scanSummaries']> | undefined;
  return (hostId) => {
    summaries ??= store.scanSummaries();
    return summaries.get(hostId)?.lastGood?.facts;
  };
};

/** The stored hosts that any of the selectors means, by name. Errors: `input.invalid`. */
export const selectStored = (
  selectors: string[],
  store: Pick<HostStore & ScanStore, 'hosts' | 'scanSummaries'>,
): Result<Host[]> => selectHosts(selectors, store.hosts(), knownSystems(store));
