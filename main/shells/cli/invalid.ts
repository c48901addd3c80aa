import { FrostFault, frostError } from '../../../shared/errors.ts';

/** What the admin typed, or a file that was named, cannot be used: exit code 2. */
export const invalid = (message: string, hint?: string): FrostFault =>
  new FrostFault(frostError('input.invalid', message, hint === undefined ? {} : { hint }));
