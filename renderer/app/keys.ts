/** Key presses and how they are written: `r`, `?`, `mod+k` (Ctrl, or Cmd on a Mac). */

export type Chord = { key: string; mod: boolean };

type KeyPress = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean };

/** Undefined for modifiers alone and for Alt combinations, which belong to the system. */
export const chordOf = (event: KeyPress): Chord | undefined => {
  if (event.altKey || ['Control', 'Meta', 'Shift', 'Alt', 'Dead', 'Unidentified'].includes(event.key))
    return undefined;
  return {
    key: event.key.length === 1 ? event.key.toLowerCase() : event.key,
    mod: event.ctrlKey || event.metaKey,
  };
};

export const sameChord = (written: string, chord: Chord): boolean => {
  const mod = written.startsWith('mod+');
  const key = mod ? written.slice(4) : written;
  return mod === chord.mod && (key.length === 1 ? key.toLowerCase() : key) === chord.key;
};

/** Keys as the viewer's keyboard names them: `mod+k` → [`Ctrl`, `K`] or [`⌘`, `K`]. */
export const keyLabels = (written: string, mac: boolean): string[] =>
  written
    .split(' ')
    .flatMap((part) => (part.startsWith('mod+') ? [mac ? '⌘' : 'Ctrl', part.slice(4)] : [part]))
    .map((key) => (key.length === 1 ? key.toUpperCase() : key));

export const onMac = (): boolean =>
  typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** Whether keys go into a field. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement &&
      !['checkbox', 'radio', 'button', 'range', 'file'].includes(target.type)));
