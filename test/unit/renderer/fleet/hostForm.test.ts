/** The form of a host: what it refuses, and what it becomes. */
import { describe, expect, test } from 'vitest';
import {
  emptyFields,
  fieldsOf,
  type HostFields,
  hostResolver,
  textToTags,
  toChange,
  toNewHost,
} from '../../../../renderer/features/fleet/hostForm.ts';
import { type Host, HostChange, NewHost } from '../../../../shared/model/host.ts';
import { sampleFleet } from '../../../support/mock/sample.ts';

const good: HostFields = { ...emptyFields, name: 'web-09', address: '10.0.0.9' };
const errorsOf = async (fields: Partial<HostFields>, existing?: Host, others: string[] = []) => {
  const options = { fields: {}, shouldUseNativeValidation: false };
  const result = await hostResolver(new Set(others), existing)({ ...good, ...fields }, undefined, options);
  return Object.fromEntries(Object.entries(result.errors).map(([name, error]) => [name, error?.message]));
};
const sample = (): Host => {
  const host = sampleFleet(1)[0]?.host;
  if (host === undefined) throw new Error('no sample');
  return host;
};

describe('what it refuses', () => {
  test('nothing of a good host', async () => expect(await errorsOf({})).toEqual({}));
  test.each<[string, Partial<HostFields>, keyof HostFields]>([
    ['no name', { name: ' ' }, 'name'],
    ['a name with a space', { name: 'web 1' }, 'name'],
    ['a name that means something in selectors', { name: 'All' }, 'name'],
    ['no address', { address: '' }, 'address'],
    ['an address that is an option', { address: '-oProxyCommand=x' }, 'address'],
    ['a port out of range', { port: '70000' }, 'port'],
    ['a port that is no number', { port: '22a' }, 'port'],
    ['a key without a file', { keyFile: '' }, 'keyFile'],
    ['a password login without one', { authKind: 'password' }, 'password'],
    ['sudo with a password without one', { sudo: 'password' }, 'sudoPassword'],
    ['a tag with an odd character', { tags: 'web, a&b' }, 'tags'],
    ['a host that is its own way in', { jump: 'web-09' }, 'jump'],
    ['an environment with a space', { environment: 'my env' }, 'environment'],
  ])('%s', async (_what, fields, field) => {
    expect(Object.keys(await errorsOf(fields))).toEqual([field]);
  });
  test('a name in use, whatever its case', async () =>
    expect(await errorsOf({ name: 'WEB-01' }, undefined, ['web-01'])).toEqual({
      name: 'Another host has this name.',
    }));
  test('but a kept password need not be typed again', async () => {
    const existing: Host = { ...sample(), auth: { kind: 'password' }, sudo: 'password' };
    expect(await errorsOf({ ...fieldsOf(existing) }, existing)).toEqual({});
  });
});

describe('what it becomes', () => {
  test('a new host that the contract takes', () => {
    const host = toNewHost({
      ...good,
      authKind: 'password',
      password: 's3cret',
      tags: 'web, rack=r1',
      environment: 'test',
    });
    expect(NewHost.parse(host)).toMatchObject({
      name: 'web-09',
      port: 22,
      auth: { kind: 'password' },
      tags: { web: '', rack: 'r1' },
      environment: 'test',
      secrets: { password: 's3cret' },
    });
  });
  test('no secret that is not used', () => {
    const host = toNewHost({
      ...good,
      authKind: 'agent',
      password: 'left over',
      sudoPassword: 'left over',
      keyPassphrase: 'left over',
    });
    expect(host.secrets).toBeUndefined();
  });
  test('a change that empties what was emptied and keeps secrets that were not typed', () => {
    const before: Host = {
      ...sample(),
      environment: 'test',
      jump: 'ns-01',
      note: 'old',
      auth: { kind: 'password' },
    };
    const change = toChange(before, { ...fieldsOf(before), environment: '', jump: '', note: '' });
    expect(HostChange.parse(change)).toMatchObject({ environment: null, jump: null, note: null });
    expect(change.secrets).toBeUndefined();
  });
  test('a password that is not used any more is removed from the vault', () => {
    const before: Host = { ...sample(), auth: { kind: 'password' }, sudo: 'password' };
    const change = toChange(before, { ...fieldsOf(before), authKind: 'agent', sudo: 'nopasswd' });
    expect(change.secrets).toEqual({ password: '', sudoPassword: '' });
  });
  test('what is shown and saved unchanged stays the same', () => {
    const before = sample();
    const { id: _id, createdAt: _c, updatedAt: _u, transport: _t, ...described } = before;
    expect(toChange(before, fieldsOf(before))).toMatchObject(described);
  });
});

test('tags are read with = or :, by comma or space', () => {
  expect(textToTags('web rack=r1,db:postgres')).toEqual({ tags: { web: '', rack: 'r1', db: 'postgres' } });
  expect(textToTags('')).toEqual({ tags: {} });
  expect(textToTags('=x')).toEqual({ bad: '=x' });
});
