/** A managed machine, as the admin described it. What the machine *is* stands in facts (scan.ts). */
import { z } from 'zod';
import { HostName, Id, Instant, Text } from './primitives.ts';

export const Transport = z.enum(['ssh', 'winrm']);
export type Transport = z.infer<typeof Transport>;

/** How root is reached: `none` (the account is root, or nothing that needs root can be done), `nopasswd`, `password` (sent on stdin). */
export const SudoMode = z.enum(['none', 'nopasswd', 'password']);
export type SudoMode = z.infer<typeof SudoMode>;

/** Secrets stand in the vault under `host/<id>/…`, never here. `keyFile` is a path on the console. */
export const HostAuth = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('key'), keyFile: z.string().min(1).max(4096) }),
  z.object({ kind: z.literal('password') }),
  z.object({ kind: z.literal('agent') }),
]);
export type HostAuth = z.infer<typeof HostAuth>;

export const TagKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'not a tag name');
export const TagValue = z.string().regex(/^[A-Za-z0-9._-]{0,63}$/, 'not a tag value');
export const Environment = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'not an environment name');
/** Host name or IP address (v6 without brackets). */
export const Address = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.:_%-]{0,254}$|^::[0-9A-Fa-f:.%]*$/, 'not an address');

const described = {
  name: HostName,
  address: Address,
  port: z.int().min(1).max(65535),
  user: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._@\\$-]{0,63}$/, 'not a user name'),
  transport: Transport,
  auth: HostAuth,
  sudo: SudoMode,
  environment: Environment.optional(),
  /** Key → value, the value may be empty. */
  tags: z.record(TagKey, TagValue),
  /** Name of the host to go through. */
  jump: HostName.optional(),
  /** Offer old key exchanges, ciphers and host key types too. Off by default. */
  legacyAlgorithms: z.boolean(),
  note: Text(2000).optional(),
};

export const Host = z.object({ id: Id, ...described, createdAt: Instant, updatedAt: Instant });
export type Host = z.infer<typeof Host>;

/** What comes with a new or edited host and goes to the vault. An empty string removes the secret. */
export const HostSecrets = z.object({
  password: z.string().max(1024).optional(),
  sudoPassword: z.string().max(1024).optional(),
  keyPassphrase: z.string().max(1024).optional(),
});
export type HostSecrets = z.infer<typeof HostSecrets>;
export type SecretKind = keyof HostSecrets;

export const NewHost = z.object({
  ...described,
  port: described.port.default(22),
  transport: described.transport.default('ssh'),
  sudo: described.sudo.default('none'),
  tags: described.tags.default({}),
  legacyAlgorithms: described.legacyAlgorithms.default(false),
  secrets: HostSecrets.optional(),
});
export type NewHost = z.input<typeof NewHost>;

/** Fields left out stay; `null` empties an optional one. */
export const HostChange = z.object({
  id: Id,
  name: described.name.optional(),
  address: described.address.optional(),
  port: described.port.optional(),
  user: described.user.optional(),
  auth: described.auth.optional(),
  sudo: described.sudo.optional(),
  environment: Environment.nullable().optional(),
  tags: described.tags.optional(),
  jump: HostName.nullable().optional(),
  legacyAlgorithms: z.boolean().optional(),
  note: Text(2000).nullable().optional(),
  secrets: HostSecrets.optional(),
});
export type HostChange = z.infer<typeof HostChange>;

/** `SHA256:` and unpadded base64, as OpenSSH prints it. */
export const Fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);

export const TrustStatus = z.enum(['trusted', 'unknown', 'changed', 'revoked', 'unreachable']);
export type TrustStatus = z.infer<typeof TrustStatus>;

/** What a host's key is to us. With `changed`, `expected` lists the fingerprints that were trusted. */
export const HostTrust = z.object({
  hostId: Id,
  name: HostName,
  keyType: z.string().max(64).optional(),
  fingerprint: Fingerprint.optional(),
  status: TrustStatus,
  expected: z.array(Fingerprint).optional(),
  /** Why it could not be asked (unreachable), or what to do. */
  detail: Text(1000).optional(),
});
export type HostTrust = z.infer<typeof HostTrust>;
