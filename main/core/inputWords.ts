/** What is wrong with an input, in the words of whoever gave it: which field, and why; never its value, which may be a secret. */
import type { z } from 'zod';
import { type FrostError, frostError } from '../../shared/errors.ts';

type Issue = z.core.$ZodIssue;

/** Fields whose name in the contract is not what people call them. Others are read as they are written: `maxFailures`, max failures. */
const FIELDS: Readonly<Record<string, string>> = {
  ref: 'the snapshot',
  ours: 'the first revision',
  theirs: 'the second revision',
  arch: 'the architecture',
  selectors: 'the selector',
  hosts: 'the selector of hosts',
  until: 'the time at the end',
  to: 'the end',
  from: 'the beginning',
  at: 'the time',
  asOf: 'the date of the data',
  id: 'the id',
  pid: 'the id of the process',
  user: 'the account',
  jump: 'the jump host',
  index: 'the place',
  file: 'the file',
  since: 'the file to leave out',
  text: 'the text',
};

const spaced = (key: string): string =>
  `the ${key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`;
const singular = (key: string): string => key.replace(/ies$/, 'y').replace(/s$/, '');

/** `['edits', 1, 'version']`: the version of edit 2. */
export const fieldWords = (path: readonly PropertyKey[]): string => {
  const at = path.findLastIndex((part) => typeof part === 'string');
  const key = path[at];
  if (typeof key !== 'string') return 'what was given';
  // A key that was given, not one of the contract's.
  if (path[at - 1] === 'tags') return `the tag ${key.slice(0, 100)}`;
  const field = Object.hasOwn(FIELDS, key) ? (FIELDS[key] ?? key) : spaced(key);
  const inner = path[at + 1];
  if (typeof inner === 'number') return `${singular(field)} ${inner + 1}`;
  const [list, index] = path.slice(Math.max(0, at - 2), at);
  return typeof list === 'string' && typeof index === 'number'
    ? `${field} of ${singular(list)} ${index + 1}`
    : field;
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
};

const NOT_ALLOWED = 'it has a form that is not allowed';

const isDefault = (message: string): boolean => /^(Invalid|Too (big|small)|Unrecognized)/.test(message);

/** Why it cannot be used. A schema's own message is taken as it is. */
const reasonOf = (issue: Issue): string => {
  if (!isDefault(issue.message)) return issue.message;
  switch (issue.code) {
    case 'too_big':
      if (issue.origin === 'string') return `it is longer than ${issue.maximum} characters`;
      if (issue.origin === 'array') return `there are more than ${issue.maximum}`;
      return `it is above ${issue.maximum}`;
    case 'too_small':
      if (issue.origin === 'string')
        return issue.minimum === 1 ? 'it is empty' : `it is shorter than ${issue.minimum} characters`;
      if (issue.origin === 'array')
        return issue.minimum === 1 ? 'none is given' : `there are fewer than ${issue.minimum}`;
      return `it is below ${issue.minimum}`;
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? 'it is missing'
        : `it is not ${TYPES[issue.expected] ?? 'of the kind that is wanted'}`;
    case 'invalid_value':
      return `it is none of ${issue.values.map(String).join(', ')}`;
    case 'not_multiple_of':
      return 'it is not a whole number';
    case 'unrecognized_keys':
      return `${issue.keys.slice(0, 5).join(', ')} is not known there`;
    case 'invalid_format':
      return issue.format === 'datetime' ? 'it is not a time' : NOT_ALLOWED;
    case 'invalid_key':
    case 'invalid_element': {
      const [inner] = issue.issues;
      return inner === undefined ? NOT_ALLOWED : reasonOf(inner);
    }
    default:
      return NOT_ALLOWED;
  }
};

/** A field and what is wrong with it. */
export const issueText = (issue: Issue): string =>
  `${fieldWords(issue.path)} cannot be used: ${reasonOf(issue)}`;

const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ');

/** `field`: the first of them, for callers that know which word of theirs it came from. */
export const invalidInput = (error: z.ZodError): FrostError => {
  const told = error.issues.slice(0, 3).map(issueText);
  const [first = 'what was asked cannot be read'] = told;
  const text = printable([first, ...told.slice(1)].join('; ')).slice(0, 2000);
  const field = error.issues[0]?.path.map(String).join('.') ?? '';
  return frostError('input.invalid', `${text.charAt(0).toUpperCase()}${text.slice(1)}.`, {
    ...(field === '' ? {} : { field: field.slice(0, 300) }),
  });
};
