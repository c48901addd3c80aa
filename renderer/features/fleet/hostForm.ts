/** The form of a host: its fields as typed, their checks, and what they become. Pure. */
import type { FieldErrors, Resolver } from 'react-hook-form';
import { z } from 'zod';
import {
  Address,
  Environment,
  type Host,
  type HostAuth,
  type HostChange,
  type HostSecrets,
  type NewHost,
  TagKey,
  TagValue,
} from '../../../shared/model/host.ts';
import { HostName } from '../../../shared/model/primitives.ts';

export type HostFields = {
  name: string;
  address: string;
  port: string;
  user: string;
  authKind: HostAuth['kind'];
  keyFile: string;
  keyPassphrase: string;
  password: string;
  sudo: Host['sudo'];
  sudoPassword: string;
  environment: string;
  /** `web, rack=r1` */
  tags: string;
  jump: string;
  legacyAlgorithms: boolean;
  note: string;
};

export const emptyFields: HostFields = {
  name: '',
  address: '',
  port: '22',
  user: 'root',
  authKind: 'key',
  keyFile: '~/.ssh/id_ed25519',
  keyPassphrase: '',
  password: '',
  sudo: 'none',
  sudoPassword: '',
  environment: '',
  tags: '',
  jump: '',
  legacyAlgorithms: false,
  note: '',
};

export const tagsToText = (tags: Host['tags']): string =>
  Object.entries(tags)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(', ');

/** Undefined when a part of it is not a tag; `bad` names the first. */
export const textToTags = (text: string): { tags: Host['tags'] } | { bad: string } => {
  const tags: Host['tags'] = {};
  for (const part of text.split(/[,\s]+/).filter((each) => each !== '')) {
    const [, key = '', value = ''] = /^([^=:]*)(?:[=:](.*))?$/.exec(part) ?? [];
    if (!TagKey.safeParse(key).success || !TagValue.safeParse(value).success) return { bad: part };
    tags[key] = value;
  }
  return { tags };
};

export const fieldsOf = (host: Host): HostFields => ({
  ...emptyFields,
  name: host.name,
  address: host.address,
  port: String(host.port),
  user: host.user,
  authKind: host.auth.kind,
  keyFile: host.auth.kind === 'key' ? host.auth.keyFile : '',
  sudo: host.sudo,
  environment: host.environment ?? '',
  tags: tagsToText(host.tags),
  jump: host.jump ?? '',
  legacyAlgorithms: host.legacyAlgorithms,
  note: host.note ?? '',
});

const RESERVED = ['all', 'and', 'or', 'not'];

/** `others`: names in use by other hosts, lower case. `existing`: secrets may stay as they are. */
const schema = (others: ReadonlySet<string>, existing: Host | undefined) =>
  z
    .object({
      name: z
        .string()
        .trim()
        .min(1, 'Give it a name.')
        .pipe(HostName)
        .refine((name) => !RESERVED.includes(name.toLowerCase()), 'This word means something in selectors.')
        .refine((name) => !others.has(name.toLowerCase()), 'Another host has this name.'),
      address: z.string().trim().min(1, 'A host name or an IP address.').pipe(Address),
      port: z
        .string()
        .trim()
        .refine(
          (text) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535,
          'A number from 1 to 65535.',
        ),
      user: z.string().trim().min(1, 'The account to log in with.').max(64),
      authKind: z.enum(['key', 'password', 'agent']),
      keyFile: z.string().trim(),
      keyPassphrase: z.string().max(1024),
      password: z.string().max(1024),
      sudo: z.enum(['none', 'nopasswd', 'password']),
      sudoPassword: z.string().max(1024),
      environment: z
        .string()
        .trim()
        .refine(
          (text) => text === '' || Environment.safeParse(text).success,
          'Letters, digits, dot, dash and underscore.',
        ),
      tags: z.string(),
      jump: z.string(),
      legacyAlgorithms: z.boolean(),
      note: z.string().max(2000, 'At most 2000 characters.'),
    })
    .superRefine((fields, context) => {
      const issue = (path: keyof HostFields, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message });
      if (fields.authKind === 'key' && fields.keyFile === '')
        issue('keyFile', 'The private key’s file on this machine.');
      if (fields.authKind === 'password' && fields.password === '' && existing?.auth.kind !== 'password')
        issue('password', 'The password, or choose another way to log in.');
      if (fields.sudo === 'password' && fields.sudoPassword === '' && existing?.sudo !== 'password')
        issue('sudoPassword', 'The account’s password, for sudo.');
      const tags = textToTags(fields.tags);
      if ('bad' in tags) issue('tags', `“${tags.bad}” is not a tag; write web, rack=r1.`);
      if (fields.jump !== '' && fields.jump === fields.name)
        issue('jump', 'A host cannot be its own way in.');
    });

export const hostResolver =
  (others: ReadonlySet<string>, existing: Host | undefined): Resolver<HostFields> =>
  (values) => {
    const parsed = schema(others, existing).safeParse(values);
    if (parsed.success) return { values: parsed.data, errors: {} };
    const errors: FieldErrors<HostFields> = {};
    for (const { path, message } of parsed.error.issues) {
      const field = path[0];
      if (typeof field === 'string' && field in emptyFields) {
        const name = field as keyof HostFields;
        errors[name] ??= { type: 'custom', message };
      }
    }
    return { values: {}, errors };
  };

const authOf = (fields: HostFields): HostAuth =>
  fields.authKind === 'key' ? { kind: 'key', keyFile: fields.keyFile.trim() } : { kind: fields.authKind };

/** Only what was typed and is used; undefined: nothing. */
const secretsOf = (fields: HostFields): HostSecrets | undefined => {
  const secrets: HostSecrets = {};
  if (fields.authKind === 'password' && fields.password !== '') secrets.password = fields.password;
  if (fields.authKind === 'key' && fields.keyPassphrase !== '') secrets.keyPassphrase = fields.keyPassphrase;
  if (fields.sudo === 'password' && fields.sudoPassword !== '') secrets.sudoPassword = fields.sudoPassword;
  return Object.keys(secrets).length === 0 ? undefined : secrets;
};

const described = (fields: HostFields) => {
  const tags = textToTags(fields.tags);
  return {
    name: fields.name.trim(),
    address: fields.address.trim(),
    port: Number(fields.port),
    user: fields.user.trim(),
    auth: authOf(fields),
    sudo: fields.sudo,
    tags: 'tags' in tags ? tags.tags : {},
    legacyAlgorithms: fields.legacyAlgorithms,
  };
};

/** Fields must have passed the resolver. */
export const toNewHost = (fields: HostFields): NewHost => {
  const secrets = secretsOf(fields);
  return {
    ...described(fields),
    transport: 'ssh',
    ...(fields.environment.trim() === '' ? {} : { environment: fields.environment.trim() }),
    ...(fields.jump === '' ? {} : { jump: fields.jump }),
    ...(fields.note.trim() === '' ? {} : { note: fields.note.trim() }),
    ...(secrets === undefined ? {} : { secrets }),
  };
};

/** Fields must have passed the resolver. A secret that is no longer used is removed from the vault. */
export const toChange = (before: Host, fields: HostFields): HostChange => {
  const secrets: HostSecrets = { ...secretsOf(fields) };
  if (before.auth.kind === 'password' && fields.authKind !== 'password') secrets.password = '';
  if (before.sudo === 'password' && fields.sudo !== 'password') secrets.sudoPassword = '';
  return {
    id: before.id,
    ...described(fields),
    environment: fields.environment.trim() === '' ? null : fields.environment.trim(),
    jump: fields.jump === '' ? null : fields.jump,
    note: fields.note.trim() === '' ? null : fields.note.trim(),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
  };
};
