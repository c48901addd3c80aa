/**
 * The one closed union of what can go wrong. An error is a value that says what happened, on which host, and the way out;
 * it is what the contract, the command line and the window show. It never carries a stack trace or a secret.
 */
import { z } from 'zod';

/** Every code, with the command line's exit code (cli.md) and whether trying the same thing again can help. */
const TABLE = {
  internal: { exit: 1, retryable: false },
  'input.invalid': { exit: 2, retryable: false },
  'input.too-large': { exit: 2, retryable: false },
  'not-found': { exit: 2, retryable: false },
  'already-exists': { exit: 2, retryable: false },
  'not-available': { exit: 2, retryable: false },
  'state.conflict': { exit: 2, retryable: false },
  cancelled: { exit: 130, retryable: true },

  'store.newer': { exit: 2, retryable: false },
  'store.busy': { exit: 2, retryable: true },
  'store.damaged': { exit: 2, retryable: false },
  'store.full': { exit: 2, retryable: true },
  'process.unavailable': { exit: 2, retryable: true },

  'vault.locked': { exit: 2, retryable: false },
  'vault.wrong-passphrase': { exit: 2, retryable: false },
  'vault.unavailable': { exit: 2, retryable: false },

  'host.unreachable': { exit: 4, retryable: true },
  'host.timeout': { exit: 4, retryable: true },
  /** It answers, but what it was asked took longer than allowed. */
  'host.too-slow': { exit: 1, retryable: true },
  'host.connection-lost': { exit: 4, retryable: true },
  'host.auth-failed': { exit: 4, retryable: false },
  'host.no-common-algorithm': { exit: 4, retryable: false },
  'host.key-unknown': { exit: 3, retryable: false },
  'host.key-changed': { exit: 3, retryable: false },
  'host.key-revoked': { exit: 3, retryable: false },
  'host.key-file': { exit: 2, retryable: false },

  'host.no-root': { exit: 1, retryable: false },
  'host.sudo-password': { exit: 1, retryable: false },
  'host.sudo-refused': { exit: 1, retryable: false },
  'host.unsupported': { exit: 1, retryable: false },
  'host.output-too-large': { exit: 1, retryable: false },
  'host.output-malformed': { exit: 1, retryable: true },
  'host.command-failed': { exit: 1, retryable: false },
  'host.lock-held': { exit: 1, retryable: true },
  'host.disk-full': { exit: 1, retryable: false },
  'host.read-only': { exit: 1, retryable: false },
  'host.packages-broken': { exit: 1, retryable: false },
  'host.repository': { exit: 1, retryable: true },
  'host.version-unavailable': { exit: 1, retryable: false },
  'host.dependency-conflict': { exit: 1, retryable: false },
  'host.busy': { exit: 1, retryable: true },
  'host.job-lost': { exit: 1, retryable: false },
  'host.not-restored': { exit: 1, retryable: false },
  'host.not-applied': { exit: 1, retryable: false },
  /** Every version is in place, but a package's own script failed on the way. */
  'host.script-failed': { exit: 1, retryable: false },
  'host.hook-failed': { exit: 1, retryable: false },
  'host.reboot-failed': { exit: 1, retryable: false },
  'host.probe-failed': { exit: 1, retryable: true },

  'plan.drifted': { exit: 1, retryable: true },
  'plan.empty': { exit: 2, retryable: false },
  /** The task would not end before the run's window does, so it was not started. */
  'window.closed': { exit: 1, retryable: true },
  'proof.insufficient': { exit: 3, retryable: false },

  'freeze.other-snapshot': { exit: 3, retryable: false },
  'freeze.edited-revision': { exit: 3, retryable: false },
  'freeze.unlisted-package': { exit: 3, retryable: false },
  'freeze.overlap': { exit: 3, retryable: false },
  'freeze.not-frozen': { exit: 2, retryable: false },

  /** The chain of an audit log does not hold. */
  'audit.broken': { exit: 3, retryable: false },
  'advisories.refused': { exit: 3, retryable: false },

  /** Told with its conflicts, never alone. */
  'merge.conflicts': { exit: 3, retryable: false },

  'exchange.malformed': { exit: 3, retryable: false },
  'exchange.tampered': { exit: 3, retryable: false },
  'exchange.broken-chain': { exit: 3, retryable: false },
  'exchange.unknown-version': { exit: 3, retryable: false },
  'exchange.too-large': { exit: 3, retryable: false },
  /** Encrypted, and no key was given, or one that does not open it. */
  'exchange.encrypted': { exit: 2, retryable: false },
  'exchange.wrong-key': { exit: 2, retryable: false },

  'signature.missing': { exit: 3, retryable: false },
  'signature.invalid': { exit: 3, retryable: false },
  'signature.untrusted': { exit: 3, retryable: false },
  'signature.revoked': { exit: 3, retryable: false },
  /** The key to sign with cannot be used. */
  'signing.key': { exit: 2, retryable: false },
  /** An environment wants more signatures than there are. */
  'policy.signatures': { exit: 3, retryable: false },
  'policy.promotion': { exit: 3, retryable: false },
} as const satisfies Record<string, { exit: 1 | 2 | 3 | 4 | 130; retryable: boolean }>;

export type ErrorCode = keyof typeof TABLE;

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(TABLE, text);
export const ErrorCode = z.string().refine(isErrorCode, 'unknown error code');

/** `message`: what happened, one sentence. `hint`: the way out. `host`: name of the host concerned. `correlationId`: only with `internal`. */
export const FrostError = z.object({
  code: ErrorCode,
  message: z.string().max(4000),
  hint: z.string().max(4000).optional(),
  host: z.string().max(255).optional(),
  /** Package names concerned, where there are any (refusals, broken packages). */
  packages: z.array(z.string().max(300)).max(2000).optional(),
  /** With `input.invalid`: which field of what was asked, as the contract has it. */
  field: z.string().max(300).optional(),
  retryable: z.boolean(),
  correlationId: z.string().max(64).optional(),
});
export type FrostError = z.infer<typeof FrostError>;

export type ErrorDetails = {
  hint?: string;
  host?: string;
  packages?: string[];
  field?: string;
  correlationId?: string;
};

export const frostError = (code: ErrorCode, message: string, details: ErrorDetails = {}): FrostError => ({
  code,
  message: message.slice(0, 4000),
  ...details,
  retryable: TABLE[code].retryable,
});

/** The command line's exit code for an error, per cli.md. */
export const exitCodeOf = (error: FrostError): 1 | 2 | 3 | 4 | 130 => TABLE[error.code].exit;

/** A host was never (or no longer) reached, as opposed to reached and failed. Counts as `unreachable` in a run. */
export const isUnreachable = (error: FrostError): boolean =>
  error.code === 'host.unreachable' || error.code === 'host.timeout' || error.code === 'host.connection-lost';

/** Refused by a freeze, a policy or host-key trust: nothing was tried. */
export const isRefusal = (error: FrostError): boolean => exitCodeOf(error) === 3;

export type Result<T, E = FrostError> = { ok: true; value: T } | { ok: false; error: E };
export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value });
export const err = <E>(error: E): Result<never, E> => ({ ok: false, error });
export const fail = (
  code: ErrorCode,
  message: string,
  details: ErrorDetails = {},
): Result<never, FrostError> => err(frostError(code, message, details));

/**
 * Carries a FrostError through code that cannot return a Result (a store transaction that must roll back).
 * Caught at the contract's border, where it becomes a value again; never shown as an exception.
 */
export class FrostFault extends Error {
  readonly error: FrostError;
  constructor(error: FrostError) {
    super(error.message);
    this.name = 'FrostFault';
    this.error = error;
  }
}
