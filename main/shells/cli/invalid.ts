import { FrostFault, frostError } from '../../../shared/errors.ts';
import { fileTrouble } from '../../adapters/fileWords.ts';

/** What the admin typed, or a file that was named, cannot be used: exit code 2. */
export const invalid = (message: string, hint?: string): FrostFault =>
  new FrostFault(frostError('input.invalid', message, hint === undefined ? {} : { hint }));

export const unreadable = (path: string, thrown: unknown): FrostFault => {
  const { message, hint } = fileTrouble(path, 'read', thrown);
  return invalid(message, hint);
};

export const unwritable = (path: string, thrown: unknown): FrostFault => {
  const { message, hint } = fileTrouble(path, 'written', thrown);
  return invalid(message, hint);
};
