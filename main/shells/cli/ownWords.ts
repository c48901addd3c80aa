/** Says of an input that was refused which word of the command line it was. */
import type { FrostError } from '../../../shared/errors.ts';

const valueAt = (input: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      value instanceof Object && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    input,
  );

/** Whether a word of the command line is where this value came from: `curl=8.0:amd64` is, of `8.0`. */
const holds = (word: string, value: string): boolean =>
  word === value || word.split(/[=:@,]/).includes(value) || word.split('=').includes(value);

/**
 * A value that stands nowhere among `words` (it came out of a file, or was worked out) is not looked for further, so nothing is told
 * that was not typed.
 */
export const inOwnWords = (error: FrostError, input: unknown, words: readonly string[]): FrostError => {
  if (error.code !== 'input.invalid' || error.field === undefined) return error;
  const value = valueAt(input, error.field.split('.'));
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return error;
  const at = words.findIndex((word) => holds(word.replace(/^--[a-z-]+=/, ''), String(value)));
  const word = words[at];
  if (word === undefined) return error;
  const before = words[at - 1] ?? '';
  // The word itself says which of several it is.
  const message = error.message.replace(/^(The [^:]*?) of [a-z ]+ \d+ cannot/, '$1 cannot');
  const said = /^--[a-z-]+$/.test(before) && !word.startsWith('--') ? `${before} ${word}` : word;
  return {
    ...error,
    message: `${said.slice(0, 300)}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
  };
};
