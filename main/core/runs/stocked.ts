/** A host whose repositories lack what the snapshot asks for, and a console that has it: the simulation from brought files. */
import { ok, type Result } from '../../../shared/errors.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import type { Ask } from '../artefacts/pull.ts';
import { plannedStock, pushStock, stockFor } from '../bundles/stock.ts';
import type { PackageDriver } from '../drivers/driver.ts';
import type { PushedPackage } from '../drivers/pushed.ts';
import type { Ports, Route } from '../ports.ts';
import type { Reached, StepContext } from './contact.ts';
import { type Simulated, simulateHost } from './simulate.ts';

/**
 * `without`: the host's answer as it stands; given back where the console has nothing for it. First what was asked for in vain
 * is brought, and only if that needs more, the rest of the snapshot's packages. Errors: those of `pushStock` and `simulateHost`.
 */
export const simulateStocked = async (
  ports: Ports,
  o: {
    route: Route;
    driver: PackageDriver;
    entries: Entry[];
    lineId: string;
    signal: AbortSignal;
    without: Simulated;
  },
): Promise<Result<Simulated>> => {
  const { driver, entries, lineId, signal, without } = o;
  const ask: Ask = (spec, options) => ports.transport.run(o.route, spec, { signal, ...options });
  let simulated = without;
  let brought = 0;
  for (const all of [false, true]) {
    const pushed = stockFor(ports, { lineId, driver }, without.simulation, all);
    if (pushed.length === brought) break;
    brought = pushed.length;
    const done = await pushStock(ports, { ask, driver, pushed, signal });
    if (!done.ok) return done;
    const { installed } = without.simulation;
    const next = await simulateHost(ports, {
      ask: (spec) => ask(spec),
      driver,
      entries,
      known: installed,
      refresh: false,
      pushed,
    });
    if (!next.ok) return next;
    simulated = next.value;
    if (simulated.simulation.refusals.length === 0) break;
  }
  return ok(simulated);
};

/** What the plan counts on the console for; the same for every step and attempt. */
export const stockOfPlan = (
  { hostPlan, plan, ports }: StepContext,
  { driver }: Reached,
): Result<PushedPackage[]> => {
  const lineId = ports.store.revision(plan.snapshot.id)?.content.line.id;
  return lineId === undefined ? ok([]) : plannedStock(ports, { lineId, driver }, hostPlan.actions);
};
