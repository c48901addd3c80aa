/** One host's dry run, the same for a plan and for a task right before it applies. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { InstalledPackage } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import type { HeldArtefacts, PackageDriver, Simulation, StageRequest } from '../drivers/driver.ts';
import type { PushedPackage } from '../drivers/pushed.ts';
import type { CommandOutput, CommandSpec, Ports } from '../ports.ts';

export type Simulated = {
  simulation: Simulation;
  stages: StageRequest[];
  skipped: { name: string; version: string; reason: string }[];
  /** The same answer of the host once more, knowing what the console holds for it. */
  reread(held: HeldArtefacts): Result<Simulation>;
};

/** How often the request may be corrected by what the host really has; more means that the host changes under our hands. */
const ROUNDS = 3;

const sameStages = (a: StageRequest[], b: StageRequest[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Asks for what applies to `known` (the last scan, or nothing); the simulation tells what is really installed, and where that
 * leads to another request, asks again. So an old scan costs a round trip, never a wrong plan. Always reaches the host.
 * Errors: the transport's, the driver's parse errors, `plan.drifted` where the host keeps changing.
 */
export const simulateHost = async (
  ports: Pick<Ports, 'random'>,
  o: {
    /** Carries one command to the host, with the patience of whoever asks. */
    ask(spec: CommandSpec): Promise<Result<CommandOutput>>;
    driver: PackageDriver;
    entries: Entry[];
    known: InstalledPackage[];
    refresh: boolean;
    /** Package files that the console brought to this host. */
    pushed?: readonly PushedPackage[];
  },
): Promise<Result<Simulated>> => {
  const { driver, entries } = o;
  const brought = o.pushed === undefined ? {} : { pushed: o.pushed };
  let { stages } = driver.select(entries, o.known);
  for (let round = 0; round < ROUNDS; round += 1) {
    const nonce = ports.random.hex(16);
    const refresh = o.refresh && round === 0;
    const output = await o.ask(driver.simulate({ nonce, stages, refresh, ...brought }));
    if (!output.ok) return output;
    const asked = { nonce, stages, entries, ...brought };
    const simulation = driver.parseSimulation(output.value, asked);
    if (!simulation.ok) return simulation;
    const real = driver.select(entries, simulation.value.installed);
    if (sameStages(real.stages, stages))
      return ok({
        simulation: simulation.value,
        stages,
        skipped: real.skipped,
        reread: (held) => driver.parseSimulation(output.value, { ...asked, held }),
      });
    stages = real.stages;
  }
  return fail('plan.drifted', 'The installed packages kept changing while the host was asked about them.', {
    hint: 'Something else is at work on the host; try again when it is done.',
  });
};
