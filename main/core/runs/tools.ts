/** What the engine needs to know of hosts beyond the ports: drivers, and the jobs' scripts. Pure; a test puts others in their place. */
import type { Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { PlanAction, Refusal } from '../../../shared/model/plan.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Scan } from '../../../shared/model/scan.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { PackageDriver } from '../drivers/driver.ts';
import { driverFor } from '../drivers/registry.ts';
import {
  type FollowEvent,
  FollowReader,
  followJob,
  inspectJob,
  parseInspect,
  parseStart,
  startJob,
  stopJob,
} from '../jobs/job.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import {
  askRestart,
  missingUnits,
  parseBoot,
  parseMissing,
  parseRestart,
  readBoot,
} from '../reboot/reboot.ts';

export type JobTools = {
  start(o: { nonce: string; token: string; script: string }): CommandSpec;
  parseStart(output: CommandOutput, nonce: string): Result<'started' | 'already'>;
  follow(o: { nonce: string; token: string; logOffset: number; progressOffset: number }): CommandSpec;
  reader(nonce: string): { feed(chunk: Uint8Array): FollowEvent[] };
  inspect(o: { nonce: string; token: string }): CommandSpec;
  parseInspect: typeof parseInspect;
  stop(o: { nonce: string; token: string }): CommandSpec;
};

export type RebootTools = {
  ask(o: { nonce: string; token: string }): CommandSpec;
  parseAsk: typeof parseRestart;
  boot(o: { nonce: string }): CommandSpec;
  parseBoot: typeof parseBoot;
  missing(o: { nonce: string; token: string }): CommandSpec;
  parseMissing: typeof parseMissing;
};

export type HostTools = {
  driverFor(ecosystem: Ecosystem): PackageDriver | undefined;
  jobs: JobTools;
  reboot: RebootTools;
};

export const hostTools: HostTools = {
  driverFor,
  jobs: {
    start: startJob,
    parseStart,
    follow: followJob,
    reader: (nonce) => new FollowReader(nonce),
    inspect: inspectJob,
    parseInspect,
    stop: stopJob,
  },
  reboot: {
    ask: askRestart,
    parseAsk: parseRestart,
    boot: readBoot,
    parseBoot,
    missing: missingUnits,
    parseMissing,
  },
};

/** What plan and run services are given besides the ports. `judge`: why a freeze forbids this now; empty: it does not. */
export type EngineDeps = {
  scanHost(host: Host, o: { refresh: boolean; signal?: AbortSignal }): Promise<Scan>;
  judge(host: Host, revision: Revision, actions: PlanAction[], at: number): Refusal[];
  tools?: HostTools;
  /** Told each time a run comes to rest: what was known of its hosts is out of date. */
  onRest?(run: Run): void;
};
