/** Refusing an exchange file in the midst of reading it. */
import { type ErrorCode, FrostFault, frostError } from '../../../shared/errors.ts';

export const stop = (code: ErrorCode, message: string, hint?: string): never => {
  throw new FrostFault(frostError(code, message, hint === undefined ? {} : { hint }));
};
