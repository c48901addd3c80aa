/**
 * What can be done now, from anywhere: components register commands while they are mounted. The palette and the list of
 * shortcuts show them; keys run them.
 */
import { useEffect, useRef } from 'react';
import { create } from 'zustand';
import { type Chord, chordOf, isTyping, sameChord } from './keys.ts';

export type Command = {
  id: string;
  label: string;
  /** Heading in the palette and under `?`: `Go to`, `Fleet`, `Run` … */
  group: string;
  /** `r`, `?`, `mod+k`, or two keys one after another: `g f`. */
  keys?: string;
  /** Words the palette also finds it by. */
  also?: string;
  disabled?: boolean;
  run: () => void;
};

export const useCommands = create<{ commands: readonly Command[] }>(() => ({ commands: [] }));

/** Registers a command while the component is mounted. */
export const useCommand = (command: Command): void => {
  const run = useRef(command.run);
  run.current = command.run;
  const { id, label, group, keys, also, disabled } = command;
  useEffect(() => {
    const entry: Command = {
      id,
      label,
      group,
      ...(keys === undefined ? {} : { keys }),
      ...(also === undefined ? {} : { also }),
      ...(disabled === undefined ? {} : { disabled }),
      run: () => run.current(),
    };
    useCommands.setState((state) => ({ commands: [...state.commands.filter((c) => c.id !== id), entry] }));
    return () =>
      useCommands.setState((state) => ({ commands: state.commands.filter((each) => each !== entry) }));
  }, [id, label, group, keys, also, disabled]);
};

/** A second key counts within this many milliseconds of the first. */
const SEQUENCE_MS = 1200;

/** Finds the command for a key press, given the key before it. Exported for tests. */
export const match = (
  commands: readonly Command[],
  before: Chord | undefined,
  pressed: Chord,
): { command?: Command; prefix: boolean } => {
  let prefix = false;
  for (const command of commands) {
    if (command.keys === undefined || command.disabled === true) continue;
    const [first, second] = command.keys.split(' ');
    if (first === undefined) continue;
    if (second === undefined) {
      if (before === undefined && sameChord(first, pressed)) return { command, prefix: false };
    } else if (before !== undefined && sameChord(first, before) && sameChord(second, pressed)) {
      return { command, prefix: false };
    } else if (sameChord(first, pressed)) prefix = true;
  }
  return before === undefined ? { prefix } : { ...match(commands, undefined, pressed) };
};

/** Listens for the keys of all commands. Plain letters do nothing while somebody types or a dialog is open. */
export const useCommandKeys = (): void => {
  useEffect(() => {
    let before: { chord: Chord; at: number } | undefined;
    const onKey = (event: KeyboardEvent) => {
      const pressed = chordOf(event);
      if (pressed === undefined || event.defaultPrevented) return;
      const quiet =
        isTyping(event.target) || document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
      if (quiet && !pressed.mod) return;
      const recent =
        before !== undefined && event.timeStamp - before.at < SEQUENCE_MS ? before.chord : undefined;
      const found = match(useCommands.getState().commands, recent, pressed);
      before = found.prefix ? { chord: pressed, at: event.timeStamp } : undefined;
      if (found.command === undefined) return;
      event.preventDefault();
      found.command.run();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
};
