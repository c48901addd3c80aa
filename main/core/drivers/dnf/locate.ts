/** Where dnf would download from what a request installs. Without root; from the metadata it has. */
import { ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import { Location, MAX_LOCATIONS } from '../locate.ts';
import { LOCATE } from './host/locate.ts';
import { LOCKS } from './host/locks.ts';
import { RESOLVE } from './host/resolve.ts';
import { program, programBody, readAnswer, script } from './program.ts';

export function locateCommand(options: { nonce: string; stages: StageRequest[] }): CommandSpec {
  const request = { stages: options.stages.map((stage) => stage.packages) };
  return {
    script: script(options.nonce, programBody(program(request, LOCKS, RESOLVE, LOCATE))),
    root: false,
    timeoutMs: 300_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Errors: those of `readAnswer`. */
export function parseLocations(output: CommandOutput, context: { nonce: string }): Result<Location[]> {
  const read = readAnswer(output, context.nonce, []);
  if (!read.ok) return read;
  return ok(
    read.value
      .of('at')
      .slice(0, MAX_LOCATIONS)
      .flatMap(({ t: _, ...told }) => {
        const row = Location.safeParse(told);
        return row.success ? [row.data] : [];
      }),
  );
}
