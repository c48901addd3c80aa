import { describe, expect, it } from 'vitest';
import { MAX_LINES, openLog, printable, takeIn } from '../../../../renderer/features/run/hostLog.ts';
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
