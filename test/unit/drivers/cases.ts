/** Recorded outputs of a Debian 12 lab host in particular states, with the request each was made for. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
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

const file = new URL('../../fixtures/apt/debian12-cases.json', import.meta.url);
const cases = z.record(z.string(), Case).parse(JSON.parse(readFileSync(file, 'utf8')));

export function recorded(name: string): z.infer<typeof Case> {
  const found = cases[name];
  if (found === undefined) throw new Error(`no recording of "${name}"`);
  return found;
}

export function scanned(name: string) {
  const read = aptDriver.parseScan(recorded(name), { nonce: NONCE, startedAt: 0, finishedAt: 1 });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

export function simulated(name: string) {
  const one = recorded(name);
  const read = aptDriver.parseSimulation(one, { nonce: NONCE, stages: one.stages, entries: one.entries });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}
