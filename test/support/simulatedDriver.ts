/** The simulated fleet's driver and tools: a "script" only names an operation, and an output the answer to it. */
import type { JobProgress, PackageDriver } from '../../main/core/drivers/driver.ts';
import type { FollowEvent } from '../../main/core/jobs/job.ts';
import type { CommandOutput, CommandSpec } from '../../main/core/ports.ts';
import type { HostTools } from '../../main/core/runs/tools.ts';
import { fail, ok } from '../../shared/errors.ts';
import { type Answer, type JobBody, newer, type Operation, STOPPED } from './simulatedHost.ts';

/** What fleet and driver say to each other, by number. */
export type Words = {
  spec(operation: Operation, root: boolean): CommandSpec;
  answered(output: CommandOutput): Answer | undefined;
  bodies: JobBody[];
  heard: FollowEvent[];
};

const malformed = fail('host.output-malformed', 'not what was asked for');

export const simulatedDriver = ({ spec, answered, bodies }: Words): PackageDriver => ({
  id: 'apt',
  capabilities: { rollback: true, securityClassification: true, stages: true },
  scan: () => spec({ op: 'probe' }, false),
  parseScan: () => malformed,
  select: (entries, installed) => {
    const now = new Map(installed.map((entry) => [entry.name, entry.version]));
    const applies = entries.filter((entry) => {
      const version = now.get(entry.name);
      return entry.decision === 'approve' && version !== undefined && newer(entry.version, version);
    });
    const stages = [...Map.groupBy(applies, (entry) => entry.stage)]
      .sort(([a], [b]) => a - b)
      .map(([stage, list]) => ({
        stage,
        packages: list.map(({ name, version }) => ({ name, arch: 'amd64', version })),
      }));
    return { stages, skipped: [] };
  },
  simulate: ({ stages, refresh }) => spec({ op: 'simulate', stages, refresh }, refresh),
  parseSimulation: (output) => {
    const said = answered(output);
    return said?.op === 'simulate' ? ok(said.simulation) : malformed;
  },
  capture: ({ token, actions }) => spec({ op: 'capture', token, actions }, true),
  parseCapture: (output) => {
    const said = answered(output);
    return said?.op === 'packages' ? ok({ packages: said.packages, secured: [], unsecured: [] }) : malformed;
  },
  stage: () => spec({ op: 'stage' }, true),
  parseStage: () => ok({ downloadedBytes: 10 }),
  applyJob: ({ stages, actions }) => ({
    script: `job ${bodies.push({ kind: 'apply', stages, actions }) - 1}`,
  }),
  artefactFile: ({ name, version }) => `${name}_${version}`,
  rollbackJob: ({ capture, actions }) => ({
    script: `job ${bodies.push({ kind: 'rollback', capture, actions }) - 1}`,
  }),
  progress: (line): JobProgress | null => {
    const { phase, package: name, percent } = JSON.parse(line) as JobProgress;
    return { phase, percent, ...(name !== undefined && { package: name }) };
  },
  judgeJob: (_, code) => {
    if (code === 0) return ok(undefined);
    if (code === STOPPED) return fail('cancelled', 'The job was stopped before its next stage.');
    return fail('host.command-failed', `The job ended with ${code}.`);
  },
  verify: () => spec({ op: 'verify' }, false),
  parseVerify: (output) => {
    const said = answered(output);
    return said?.op === 'packages'
      ? ok({
          packages: said.packages,
          rebootRequired: said.rebootRequired,
          rebootReasons: [],
          bootId: 'boot',
          kernel: { running: '6.1', ...(said.oldKernel && { expected: '6.2' }) },
        })
      : malformed;
  },
  compare: (capture, now) => {
    const [was, is] = [capture.packages, now].map((list) => new Map(list.map((p) => [p.name, p])));
    const names = new Set([...capture.packages, ...now].map((entry) => entry.name));
    const versions = [...names].flatMap((name) => {
      const [a, b] = [was?.get(name)?.version ?? null, is?.get(name)?.version ?? null];
      return a === b ? [] : [{ name, arch: 'amd64', captured: a, now: b }];
    });
    const marks = now.flatMap(({ name, state }) => {
      const before = was?.get(name)?.state;
      return before === undefined || before === state
        ? []
        : [{ name, arch: 'amd64', field: 'state' as const, captured: before, now: state }];
    });
    return { equal: versions.length + marks.length === 0, versions, marks };
  },
  cleanUp: ({ tokens }) => spec({ op: 'cleanUp', tokens }, true),
  guard: () => spec({ op: 'probe' }, true),
  unguard: () => spec({ op: 'probe' }, true),
  guardState: () => spec({ op: 'probe' }, false),
  parseGuard: () => malformed,
  history: () => spec({ op: 'probe' }, false),
  parseHistory: () => ok([]),
  compareVersions: (a, b) => Number(a) - Number(b),
});

export const simulatedTools = (
  { spec, answered, bodies, heard }: Words,
  driver: PackageDriver,
): HostTools => ({
  driverFor: (ecosystem) => (ecosystem === 'apt' ? driver : undefined),
  jobs: {
    start: ({ token, script }) => {
      const body: JobBody | undefined = script.startsWith('job ')
        ? bodies[Number(script.slice('job '.length))]
        : { kind: 'hook', script };
      if (body === undefined) throw new Error(`no job body for ${script}`);
      return spec({ op: 'start', token, body }, true);
    },
    parseStart: (output) => {
      const said = answered(output);
      return said?.op === 'start' ? ok(said.answer) : malformed;
    },
    follow: ({ token, logOffset, progressOffset }) =>
      spec({ op: 'follow', token, log: logOffset, progress: progressOffset }, true),
    reader: () => ({
      feed: (chunk) =>
        new TextDecoder()
          .decode(chunk)
          .split('\n')
          .flatMap((line) => (line === '' ? [] : (heard[Number(line)] ?? []))),
    }),
    inspect: ({ token }) => spec({ op: 'inspect', token }, true),
    parseInspect: (output) => {
      const said = answered(output);
      if (said?.op !== 'inspect') return malformed;
      const { state, code, reason } = said;
      if (state === 'running') return ok({ state, pid: 1 });
      if (state === 'finished') return ok({ state, code });
      return state === 'died' ? ok({ state, reason }) : ok({ state });
    },
    stop: ({ token }) => spec({ op: 'stop', token }, true),
  },
  reboot: {
    ask: ({ token }) => spec({ op: 'restart', token }, true),
    parseAsk: (output) => {
      const said = answered(output);
      if (said?.op !== 'restart') return malformed;
      const { now, before } = said;
      return ok({ now, asked: before === undefined, said: '', ...(before !== undefined && { before }) });
    },
    boot: () => spec({ op: 'boot' }, false),
    parseBoot: (output) => {
      const said = answered(output);
      return said?.op === 'boot' ? ok(said.now) : malformed;
    },
    missing: () => spec({ op: 'units' }, true),
    parseMissing: (output) => (answered(output)?.op === 'units' ? ok([]) : malformed),
  },
});
