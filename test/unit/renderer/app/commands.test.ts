/** Shortcuts: single keys, sequences, and keys with Ctrl or Cmd. */
import { describe, expect, test } from 'vitest';
import { type Command, match } from '../../../../renderer/app/commands.ts';
import { type Chord, chordOf, keyLabels } from '../../../../renderer/app/keys.ts';

const command = (id: string, keys: string, disabled = false): Command => ({
  id,
  label: id,
  group: 'g',
  keys,
  disabled,
  run: () => {},
});
const key = (name: string, mod = false): Chord => ({ key: name, mod });
const COMMANDS = [
  command('scan', 's'),
  command('fleet', 'g f'),
  command('snapshots', 'g s'),
  command('find', 'mod+k'),
  command('help', '?'),
];
const found = (before: Chord | undefined, pressed: Chord, commands = COMMANDS) =>
  match(commands, before, pressed).command?.id;

describe('which command a key means', () => {
  test('a single key', () => expect(found(undefined, key('s'))).toBe('scan'));
  test('a second key after its first', () => expect(found(key('g'), key('s'))).toBe('snapshots'));
  test('the first key of a sequence alone means none yet', () => {
    expect(match(COMMANDS, undefined, key('g'))).toEqual({ prefix: true });
  });
  test('a key that does not continue the sequence counts by itself', () =>
    expect(found(key('g'), key('?'))).toBe('help'));
  test('with Ctrl it is another key', () => {
    expect(found(undefined, key('k', true))).toBe('find');
    expect(found(undefined, key('k'))).toBeUndefined();
    expect(found(undefined, key('s', true))).toBeUndefined();
  });
  test('a command that is not possible now is not run', () =>
    expect(found(undefined, key('s'), [command('scan', 's', true)])).toBeUndefined());
});

describe('key presses', () => {
  const press = (name: string, more = {}) => ({
    key: name,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...more,
  });
  test('capitals are the same key', () => expect(chordOf(press('S'))).toEqual(key('s')));
  test('Cmd is Ctrl', () => expect(chordOf(press('k', { metaKey: true }))).toEqual(key('k', true)));
  test('Alt belongs to the system, modifiers alone to nobody', () => {
    expect(chordOf(press('s', { altKey: true }))).toBeUndefined();
    expect(chordOf(press('Shift'))).toBeUndefined();
  });
  test('are shown as the keyboard names them', () => {
    expect(keyLabels('mod+k', false)).toEqual(['Ctrl', 'K']);
    expect(keyLabels('mod+k', true)).toEqual(['⌘', 'K']);
    expect(keyLabels('g f', false)).toEqual(['G', 'F']);
  });
});
