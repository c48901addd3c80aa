/** The judge of freeze.ts over what is stored. Freezes and selectors are read anew at each call: nothing of it is remembered. */
import type { Host } from '../../../shared/model/host.ts';
import type { PlanAction, Refusal } from '../../../shared/model/plan.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import { selectHosts } from '../fleet/selector.ts';
import type { Ports, ScanStore, StoredFreeze } from '../ports.ts';
import { freezesOn, judgeFreeze, type Matches } from './freeze.ts';

/** What a selector says about one host now. A selector that cannot be read matches: a freeze fails closed. */
export const selectorMatches =
  (store: Pick<ScanStore, 'lastGoodSummary'>): Matches =>
  (selector, host) => {
    const selected = selectHosts([selector], [host], () => store.lastGoodSummary(host.id)?.facts);
    return !selected.ok || selected.value.length > 0;
  };

/** Why a host may not get this revision with these actions at `at` (milliseconds); empty: it may. */
export const createFreezeJudge =
  (ports: Pick<Ports, 'store'>) =>
  (host: Host, revision: Revision, actions: PlanAction[], at: number): Refusal[] =>
    judgeFreeze({
      host,
      revision,
      actions,
      at,
      freezes: ports.store.freezes(),
      matches: selectorMatches(ports.store),
    });

/** Freezes that hold on a host at `at` (milliseconds), the one that holds longest first. */
export const createFreezeLookup =
  (ports: Pick<Ports, 'store'>) =>
  (host: Host, at: number): StoredFreeze[] =>
    freezesOn(host, at, { freezes: ports.store.freezes(), matches: selectorMatches(ports.store) });
