import { describe, expect, it } from 'vitest';
import {
  entriesOf,
  MAX_LINES,
  openLog,
  printable,
  takeIn,
} from '../../../../renderer/features/run/hostLog.ts';
import { output, stateEvent } from './samples.ts';

describe("a host's output and states", () => {
  it('are its own, in order, each once', () => {
    const events = [
      output(1, 'a', 'one'),
      output(2, 'b', 'other'),
      stateEvent(3, 'a', 'queued', 'connecting'),
      output(4, 'a', 'two'),
    ];
    const log = takeIn(takeIn(openLog('a'), events), events);
    expect(log.lines.map((line) => line.text)).toEqual(['one', 'two']);
    expect(log.steps.map((step) => step.state)).toEqual(['connecting']);
    expect(log.seq).toBe(4);
  });

  it('can be read as one, each step before the lines it led to', () => {
    const log = takeIn(openLog('a'), [
      stateEvent(1, 'a', 'capturing', 'staging'),
      output(2, 'a', 'hook says hello'),
      stateEvent(3, 'a', 'staging', 'applying'),
      output(4, 'a', 'Unpacking'),
      stateEvent(5, 'a', 'applying', 'verifying'),
    ]);
    expect(entriesOf(log, (step) => `[${step.state}]`).map((entry) => entry.text)).toEqual([
      '[staging]',
      'hook says hello',
      '[applying]',
      'Unpacking',
      '[verifying]',
    ]);
  });

  it('leave out the steps of lines that were dropped', () => {
    const many = Array.from({ length: MAX_LINES + 5 }, (_, index) => output(index + 2, 'a', `${index}`));
    const log = takeIn(openLog('a'), [stateEvent(1, 'a', 'queued', 'connecting'), ...many]);
    expect(entriesOf(log, () => 'step')).toHaveLength(MAX_LINES);
  });

  it('stay bounded, and say how much was dropped', () => {
    const events = Array.from({ length: MAX_LINES + 10 }, (_, index) => output(index + 1, 'a', `${index}`));
    const log = takeIn(openLog('a'), events);
    expect(log.lines).toHaveLength(MAX_LINES);
    expect(log.lines[0]?.text).toBe('10');
    expect(log.dropped).toBe(10);
  });

  it('show characters that reorder or hide text instead of obeying them', () => {
    expect(printable('a\u202eb\u001b[31m\tc\u200b<b>')).toBe('a‹U+202E›b‹U+001B›[31m\tc‹U+200B›<b>');
    expect(printable('Grüße, 日本語, ✓')).toBe('Grüße, 日本語, ✓');
  });
});
