/** A host as it once answered: the outputs of its scripts by step, in one JSON file. Made with `record` over a real host. */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { CommandOutput } from '../../../main/core/ports.ts';
import type { HostUnderTest } from './suite.ts';

/** Every script of a recording is marked with this. */
export const RECORDED_NONCE = '0123456789abcdef';

const Recording = z.object({
  host: z.string(),
  wanted: z.array(z.object({ name: z.string(), version: z.string(), stage: z.int() })),
  mutation: z.object({ token: z.string() }).optional(),
  steps: z.record(z.string(), z.object({ stdout: z.string(), stderr: z.string(), exitCode: z.int() })),
});
export type Recording = z.infer<typeof Recording>;

export const readRecording = (file: string): Recording =>
  Recording.parse(JSON.parse(readFileSync(file, 'utf8')));

export function recordedHost(file: string): HostUnderTest {
  const recording = readRecording(file);
  return {
    name: `a recording of ${recording.host}`,
    wanted: recording.wanted,
    nonce: () => RECORDED_NONCE,
    ...(recording.mutation === undefined ? {} : { mutation: recording.mutation }),
    exec: (step) => {
      const output = recording.steps[step];
      return output === undefined
        ? Promise.reject(new Error(`${file} has no step "${step}"`))
        : Promise.resolve(output);
    },
  };
}

/** Passes everything through to `host`, and keeps it; `save` writes the file. */
export function record(host: HostUnderTest): { host: HostUnderTest; save(file: string): void } {
  const steps: Record<string, CommandOutput> = {};
  return {
    host: {
      ...host,
      nonce: () => RECORDED_NONCE,
      exec: async (step, spec) => {
        const output = await host.exec(step, spec);
        steps[step] ??= output;
        return output;
      },
    },
    save: (file) => {
      const { name, wanted, mutation } = host;
      writeFileSync(file, `${JSON.stringify({ host: name, wanted, mutation, steps }, null, 1)}\n`);
    },
  };
}
