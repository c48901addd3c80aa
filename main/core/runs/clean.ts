/** Removes what a run has put on its hosts: job folders and the old packages in them. After that nothing can be undone. */
import type { FrostError } from '../../../shared/errors.ts';
import type { Plan } from '../../../shared/model/plan.ts';
import { eachLimited } from '../fleet/pool.ts';
import { routeOf } from '../fleet/route.ts';
import type { Ports } from '../ports.ts';
import { hookToken } from './hooks.ts';
import type { RunModel, TaskModel } from './model.ts';
import { rollbackToken } from './mutate.ts';
import { type EngineDeps, hostTools } from './tools.ts';

const AT_ONCE = 32;

/** Every token the task may have used: those of its attempts, of their hooks, and of their rollbacks. */
const tokensOf = (task: TaskModel): string[] => {
  const stem = task.token?.replace(/\d+$/, '');
  if (stem === undefined) return [];
  return Array.from({ length: task.attempt }, (_, index) => `${stem}${index + 1}`).flatMap((token) => [
    token,
    hookToken(token, 'before'),
    hookToken(token, 'after'),
    ...Array.from({ length: task.rollbacks }, (_, index) => rollbackToken(token, index + 1)),
  ]);
};

type Cleaned = { cleaned: string[]; notCleaned: { host: string; reason: string }[] };

export const createCleaner = (ports: Ports, deps: EngineDeps) => {
  const tools = deps.tools ?? hostTools;

  const cleanTask = async (
    task: TaskModel,
    plan: Plan,
    signal: AbortSignal,
  ): Promise<FrostError | string | null> => {
    const host = ports.store.host(task.hostId);
    if (host === undefined) return 'The host was removed from the fleet.';
    const manager = plan.hosts.find((one) => one.hostId === task.hostId)?.facts?.manager;
    const driver = manager === undefined ? undefined : tools.driverFor(manager);
    if (driver === undefined) return 'Its package manager is not known.';
    const route = routeOf(host, ports.store);
    if (!route.ok) return route.error;
    const nonce = ports.random.hex(16);
    const spec = driver.cleanUp({ nonce, tokens: tokensOf(task) });
    const output = await ports.transport.run(route.value, spec, { signal });
    if (!output.ok) return output.error;
    return output.value.exitCode === 0 ? null : 'Not everything could be removed.';
  };

  return async (run: RunModel, plan: Plan, signal: AbortSignal): Promise<Cleaned> => {
    const result: Cleaned = { cleaned: [], notCleaned: [] };
    // Hosts on which nothing was put have nothing to clean.
    const tasks = run.tasks.filter((task) => task.captured || task.reattach !== null);
    await eachLimited(tasks, AT_ONCE, signal, async (task) => {
      const trouble = await cleanTask(task, plan, signal);
      if (trouble === null) result.cleaned.push(task.host);
      else
        result.notCleaned.push({
          host: task.host,
          reason: typeof trouble === 'string' ? trouble : trouble.message,
        });
    });
    return result;
  };
};
