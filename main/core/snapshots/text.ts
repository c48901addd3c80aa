/** What admins write into revisions. */
import { fail, ok, type Result } from '../../../shared/errors.ts';

const MAX_MESSAGE = 2000;

/** Parts that say something, one a line; as much as a revision's message may hold. */
export const joined = (parts: (string | undefined)[]): string | undefined => {
  const text = parts.filter((part) => part !== undefined && part !== '').join('\n');
  if (text === '') return undefined;
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1).toWellFormed()}…`;
};

/** Text that has no UTF-8 form cannot be hashed; said here, where the field can be named. */
export const checkText = (...texts: (string | undefined)[]): Result<void> =>
  texts.every((text) => text === undefined || text.isWellFormed())
    ? ok(undefined)
    : fail('input.invalid', 'The text holds a character that is not valid Unicode.');
