/** What signing, verifying and encrypting need from outside. */
import type { Result } from '../../../shared/errors.ts';
import type { SignatureHash } from './sshsig.ts';

/** Pure computation, no key of ours in it. */
export interface SignatureVerifier {
  digest(hash: SignatureHash, data: Uint8Array): Uint8Array;
  /**
   * Whether `signature` (an SSH signature: type, then what belongs to it) of `data` was made with `publicKey` (wire form).
   * `unsupported`: the kind of key or signature is not one this console relies on (DSA, SHA-1, RSA under 2048 bits, certificates).
   * Never throws, whatever the bytes.
   */
  verify(o: {
    publicKey: Uint8Array;
    signature: Uint8Array;
    data: Uint8Array;
  }): 'valid' | 'invalid' | 'unsupported';
}

/** `file`: an OpenSSH, PEM or PuTTY private key; or a public key, whose private half the agent has. */
export type KeySource =
  | { kind: 'file'; file: string; passphrase?: string | undefined }
  | { kind: 'agent'; fingerprint?: string | undefined };

export type SigningKey = {
  publicKey: Uint8Array;
  /** The SSH signature of `data`; RSA keys sign with SHA-512. Error: `signing.key`. */
  sign(data: Uint8Array): Promise<Result<Uint8Array>>;
};

/** Errors: `signing.key`, with the way out. */
export interface SigningKeys {
  open(source: KeySource): Promise<Result<SigningKey>>;
}

/** Keys that open an encrypted file: the text of an age identity file, or a passphrase. */
export type FileKey = { identity?: string | undefined; passphrase?: string | undefined };

/** age (age-encryption.org/v1), ASCII-armored. */
export interface FileCipher {
  /** `recipients`: `age1…`. Errors: `input.invalid`. */
  encrypt(
    text: string,
    to: { recipients: string[]; passphrase?: string | undefined },
  ): Promise<Result<string>>;
  /** Errors: `exchange.wrong-key`, `exchange.malformed` (not text, cut, changed), `input.invalid` (identity). */
  decrypt(armor: string, key: FileKey): Promise<Result<string>>;
}

/** A signature that is kept: sound, by whomever. */
export type StoredSignature = { revisionId: string; fingerprint: string; armor: string; addedAt: string };

/** Signatures are never part of a revision; each key has one of each. They go when their line is removed. */
export interface SignatureStore {
  /** In the order they came. */
  signatures(revisionId: string): StoredSignature[];
  /** Those already there by revision and fingerprint are left alone. All or none; a revision that is not here throws `not-found`. */
  putSignatures(signatures: StoredSignature[]): void;
}
