/** How a command's action is run: with a context, its arguments as words, its options, and one place where errors become exit codes. */
import type { Command } from 'commander';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { Context, type GlobalOptions, tellError } from './context.ts';
import { onInterrupt } from './interrupt.ts';

/** For what has to be tidied up after an interruption. */
const GRACE_MS = 2000;

/** `words`: single arguments; `rest`: the words of a variadic last argument. `O`: the command's own options, as commander names them. */
export type Action<O extends object> = (
  context: Context,
  words: string[],
  options: O,
  rest: string[],
) => Promise<void>;
export type Register = <O extends object>(action: Action<O>) => (...given: unknown[]) => Promise<void>;

export const createRegister = (finish: (exitCode: number) => void): Register => {
  return <O extends object>(action: Action<O>) =>
    async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const args = given.slice(0, -2);
      const words = args.filter((arg): arg is string => typeof arg === 'string');
      const rest = args.flatMap((arg) => (Array.isArray(arg) ? (arg as string[]) : []));
      const context = new Context(command.optsWithGlobals<GlobalOptions>());
      const interrupt = Promise.withResolvers<never>();
      const done = onInterrupt(() => {
        interrupt.reject(new FrostFault(context.interrupt()));
        // A command that waits for something else than the host process must not hold the terminal.
        setTimeout(() => process.exit(context.exitCode), GRACE_MS).unref();
      });
      try {
        await Promise.race([action(context, words, command.opts<O>(), rest), interrupt.promise]);
      } catch (thrown) {
        context.exitCode = tellError(
          thrown instanceof FrostFault ? thrown.error : unexpected(thrown),
          context.json && !context.begun,
        );
      } finally {
        done();
        context.close();
      }
      finish(context.exitCode);
    };
};

const unexpected = (thrown: unknown) =>
  frostError(
    'internal',
    `Something unexpected went wrong: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
  );
