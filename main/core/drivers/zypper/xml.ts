/**
 * Reads what `zypper --xmlout` prints, as far as it is needed: elements that stand on a line of their own, with their
 * attributes, and the text of messages. It is a host's word: nothing is built from it, and every value is checked afterwards.
 */
import { plainLine } from '../shell.ts';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export const unescapeXml = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');

export type Attributes = ReadonlyMap<string, string>;

export type Element = {
  name: string;
  attributes: Attributes;
  /** The nearest of the elements asked for as sections that it stands in. */
  within: string;
};

const TAG = /<(\/?)([a-z-]+)((?:\s+[a-z-]+="[^"<]*")*)\s*(\/?)>/g;
const ATTRIBUTE = /([a-z-]+)="([^"<]*)"/g;

/** Elements called `name`, each with the section (an element whose name begins with one of `sections`) that holds it. */
export function elementsOf(text: string, name: string, sections: readonly string[] = []): Element[] {
  const found: Element[] = [];
  let within = '';
  for (const [, closing, tag = '', attributes = ''] of text.matchAll(TAG)) {
    if (sections.some((one) => tag.startsWith(one))) within = closing === '/' ? '' : tag;
    if (tag !== name || closing === '/') continue;
    found.push({
      name,
      attributes: new Map(
        [...attributes.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, unescapeXml(value)]),
      ),
      within,
    });
  }
  return found;
}

/** Texts of the messages of a type, one line each. */
export const messagesOf = (text: string, type: 'info' | 'warning' | 'error'): string[] =>
  [...text.matchAll(/<message type="([a-z]+)">([^<]*)<\/message>/g)].flatMap(([, kind, said = '']) =>
    kind === type ? [plainLine(unescapeXml(said), 600)] : [],
  );

/** What the solver asked, where it found no way: its problems, without the solutions it offers. */
export const problemsIn = (text: string): string[] =>
  [...text.matchAll(/<description>((?:Problem|\d+ Problems):[^<]*)<\/description>/g)].flatMap(
    ([, said = '']) =>
      unescapeXml(said)
        .split('\n')
        .filter((line) => line.startsWith('Problem: '))
        .map((line) => plainLine(line.slice(9), 600)),
  );
