/** How a command's action is run: with a context, its arguments as words, its options, and one place where errors become exit codes. */
import type { Command } from 'commander';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { Context, type GlobalOptions, tellError } from './context.ts';

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
      try {
        await action(context, words, command.opts<O>(), rest);
      } catch (thrown) {
        context.exitCode = tellError(
          thrown instanceof FrostFault ? thrown.error : unexpected(thrown),
          context.json,
        );
      } finally {
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
