/** Recorded outputs of an EL 9 lab host in particular states, with the request each was made for. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { dnfDriver } from '../../../main/core/drivers/dnf/driver.ts';
import type { HeldArtefacts } from '../../../main/core/drivers/driver.ts';
import { Entry } from '../../../shared/model/snapshot.ts';

export const NONCE = '0123456789abcdef';

const Case = z.object({
  stdout: z.string(),
  stderr: z.string(),
  exitCode: z.int(),
  entries: z.array(Entry).default([]),
  stages: z
    .array(
      z.object({
        stage: z.int(),
        packages: z.array(z.object({ name: z.string(), arch: z.string(), version: z.string() })),
      }),
    )
    .default([]),
});

const file = new URL('../../fixtures/dnf/el9-cases.json', import.meta.url);
const cases = z.record(z.string(), Case).parse(JSON.parse(readFileSync(file, 'utf8')));

export function recorded(name: string): z.infer<typeof Case> {
  const found = cases[name];
  if (found === undefined) throw new Error(`no recording of "${name}"`);
  return found;
}

export const readScan = (output: { stdout: string; stderr: string; exitCode: number }) =>
  dnfDriver.parseScan(output, { nonce: NONCE, startedAt: 0, finishedAt: 1 });

export function scanned(name: string) {
  const read = readScan(recorded(name));
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

export function simulated(name: string, held?: HeldArtefacts) {
  const one = recorded(name);
  const read = dnfDriver.parseSimulation(one, {
    nonce: NONCE,
    stages: one.stages,
    entries: one.entries,
    ...(held === undefined ? {} : { held }),
  });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}
