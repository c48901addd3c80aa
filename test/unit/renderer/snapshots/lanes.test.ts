import { describe, expect, test } from 'vitest';
import { lanesOf } from '../../../../renderer/features/versions/lanes.ts';

describe('the lanes of a history', () => {
  test('a line is one lane', () => {
    expect(
      lanesOf([
        { id: 'c', parents: ['b'] },
        { id: 'b', parents: ['a'] },
        { id: 'a', parents: [] },
      ]),
    ).toEqual([
      { lane: 0, incoming: [], through: [], outgoing: [0] },
      { lane: 0, incoming: [0], through: [], outgoing: [0] },
      { lane: 0, incoming: [0], through: [], outgoing: [] },
    ]);
  });

  test('a merge opens a second lane, which ends where the two were one', () => {
    expect(
      lanesOf([
        { id: 'm', parents: ['x', 'y'] },
        { id: 'x', parents: ['a'] },
        { id: 'y', parents: ['a'] },
        { id: 'a', parents: [] },
      ]),
    ).toEqual([
      { lane: 0, incoming: [], through: [], outgoing: [0, 1] },
      { lane: 0, incoming: [0], through: [1], outgoing: [0] },
      { lane: 1, incoming: [1], through: [0], outgoing: [0] },
      { lane: 0, incoming: [0], through: [], outgoing: [] },
    ]);
  });

  test('what is not merged yet stands in a lane of its own, and a parent that is not here leads nowhere', () => {
    expect(
      lanesOf([
        { id: 'x', parents: ['a'] },
        { id: 'y', parents: ['a'] },
        { id: 'a', parents: ['gone'] },
      ]),
    ).toEqual([
      { lane: 0, incoming: [], through: [], outgoing: [0] },
      { lane: 1, incoming: [], through: [0], outgoing: [0] },
      { lane: 0, incoming: [0], through: [], outgoing: [] },
    ]);
  });
});
