import type { Handlers } from '../../shared/contract/contract.ts';
import type { HostsService } from '../core/fleet/hosts.ts';
import type { ScanService } from '../core/fleet/scan.ts';

type FleetNames = Extract<keyof Handlers, `hosts.${string}` | `scans.${string}`>;

export const fleetHandlers = (hosts: HostsService, scans: ScanService): Pick<Handlers, FleetNames> => ({
  'hosts.list': hosts.list,
  'hosts.add': hosts.add,
  'hosts.change': hosts.change,
  'hosts.remove': hosts.remove,
  'hosts.import': hosts.import,
  'hosts.trust': hosts.trust,
  'hosts.forgetKey': hosts.forgetKey,
  'scans.run': scans.run,
  'scans.latest': scans.latest,
  'scans.history': scans.history,
  'scans.updates': scans.updates,
});
