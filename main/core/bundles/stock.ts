/**
 * What the console brings to a host whose repositories do not have it: packages of the snapshot that a bundle brought here, or
 * that were fetched for one. Only those: what lay in some host's cache is not believed to be what its name says.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { CONSOLE_ORIGIN, type PlanAction } from '../../../shared/model/plan.ts';
import type { InstalledPackage } from '../../../shared/model/scan.ts';
import { keyText } from '../artefacts/held.ts';
import type { Ask } from '../artefacts/pull.ts';
import { pushArtefact } from '../artefacts/push.ts';
import { transferTools } from '../artefacts/supply.ts';
import type { PackageDriver, Simulation } from '../drivers/driver.ts';
import { type PushedPackage, pushedFile } from '../drivers/pushed.ts';
import type { Ports } from '../ports.ts';

export type StockPorts = Pick<Ports, 'store' | 'artefacts' | 'random' | 'clock'>;

type Line = { lineId: string; driver: Pick<PackageDriver, 'id' | 'packageSuffix' | 'compareVersions'> };

/** New packages for this snapshot whose files are here; each name, architecture and version once. */
const stockOf = (ports: StockPorts, { lineId, driver }: Line): PushedPackage[] => {
  if (driver.packageSuffix === undefined) return [];
  const found = new Map<string, PushedPackage>();
  for (const one of ports.store.bundled(lineId)) {
    if (one.role !== 'new' || one.ecosystem !== driver.id) continue;
    const copy = ports.artefacts.find(one).find(({ sha256 }) => sha256 === one.sha256);
    if (copy === undefined) continue;
    const { name, arch, version, sha256, bytes } = copy;
    found.set(keyText(one), { name, arch, version, sha256, bytes });
  }
  return [...found.values()];
};

const isNoarch = (arch: string): boolean => arch === 'all' || arch === 'noarch';

/** Those of the stock that the host could use: of an architecture it has, and newer than what it has. */
const usable = (
  stock: readonly PushedPackage[],
  installed: readonly InstalledPackage[],
  compare: (a: string, b: string) => number,
): PushedPackage[] => {
  const archs = new Set(installed.map((one) => one.arch));
  const byName = Map.groupBy(installed, (one) => one.name);
  return stock.filter(
    ({ name, arch, version }) =>
      (isNoarch(arch) || archs.has(arch)) &&
      !(byName.get(name) ?? []).some(
        (one) =>
          (one.arch === arch || isNoarch(one.arch) || isNoarch(arch)) && compare(one.version, version) >= 0,
      ),
  );
};

/** Names of requested versions that no repository of the host has. */
const unavailable = ({ refusals }: Simulation): Set<string> =>
  new Set(
    refusals.flatMap(({ code, package: name }) =>
      code === 'host.version-unavailable' && name !== undefined ? [name] : [],
    ),
  );

/**
 * What to bring to a host so that it can do what it could not: first what it asked for in vain; `all`: whatever else of the
 * snapshot's packages it may need for that. Empty: nothing here helps.
 */
export const stockFor = (
  ports: StockPorts,
  line: Line,
  simulation: Simulation,
  all: boolean,
): PushedPackage[] => {
  const missing = unavailable(simulation);
  if (missing.size === 0) return [];
  const fits = usable(stockOf(ports, line), simulation.installed, line.driver.compareVersions);
  if (!fits.some((one) => missing.has(one.name))) return [];
  return all ? fits : fits.filter((one) => missing.has(one.name));
};

/** What a plan counts on the console for. Error: `host.version-unavailable` where it is not here any more. */
export const plannedStock = (
  ports: StockPorts,
  line: Line,
  actions: readonly PlanAction[],
): Result<PushedPackage[]> => {
  const wanted = actions.filter((action) => action.origin === CONSOLE_ORIGIN);
  if (wanted.length === 0) return ok([]);
  const stock = stockOf(ports, line);
  const found: PushedPackage[] = [];
  for (const { name, arch, to } of wanted) {
    const one = stock.find(
      (each) => each.name === name && each.version === to && (each.arch === arch || isNoarch(each.arch)),
    );
    if (one === undefined)
      return fail(
        'host.version-unavailable',
        `${name} ${to ?? ''} was to come from the console's store, and is not there any more.`,
        { hint: 'Import the bundle again, then plan again.', packages: [name] },
      );
    found.push(one);
  }
  return ok([...new Map(found.map((one) => [one.sha256, one])).values()]);
};

/** Brings each to the host, where it does not lie already. Errors: those of `pushArtefact`, naming the package. */
export const pushStock = async (
  ports: StockPorts,
  o: {
    ask: Ask;
    driver: Pick<PackageDriver, 'packageSuffix'>;
    pushed: readonly PushedPackage[];
    signal: AbortSignal;
  },
): Promise<Result<void>> => {
  const { driver, pushed, signal } = o;
  const suffix = driver.packageSuffix;
  if (suffix === undefined) return ok(undefined);
  for (const one of pushed) {
    if (signal.aborted) return fail('cancelled', 'Ended while packages were brought to the host.');
    const done = await pushArtefact(o.ask, ports.artefacts, transferTools(ports, signal), {
      artefact: one,
      place: 'pushed',
      file: pushedFile(one.sha256, suffix),
      signal,
    });
    if (!done.ok)
      return {
        ok: false,
        error: {
          ...done.error,
          message: `${one.name} ${one.version} could not be brought to the host: ${done.error.message}`.slice(
            0,
            4000,
          ),
        },
      };
  }
  return ok(undefined);
};
