/** What holds for every page in every state: no fault that axe knows, in light and dark, and nothing beside the window when it is small. */
import { expect, type Page } from '@playwright/test';
import axe, { type RunOptions } from 'axe-core';

declare global {
  interface Window {
    axe: typeof axe;
  }
}

const SCHEMES = ['light', 'dark'] as const;
/** The rules of axe that look at colours; the others see the same document in either scheme. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** Run in the page: what axe finds there. Where an element is, which takes as long as the rules, is asked for only if one is at fault. */
const violations = async (rules: readonly string[] | null): Promise<string[]> => {
  const options: RunOptions = {
    resultTypes: ['violations'],
    preload: false,
    ...(rules === null ? {} : { runOnly: [...rules] }),
  };
  if ((await window.axe.run(document, { ...options, selectors: false })).violations.length === 0) return [];
  const found = await window.axe.run(document, options);
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`,
  );
};

/** Zero violations of any of axe's rules, in both colour schemes where colours matter. */
export const expectAccessible = async (page: Page, what: string): Promise<void> => {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const told = async () => {
      if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
      return page.evaluate(violations, colorScheme === 'light' ? null : OF_COLOURS);
    };
    // Looked at again before it counts: between two drawings of a page anything may be half there.
    await expect.soft.poll(told, { message: `${what}, ${colorScheme}`, timeout: 20_000 }).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
};

/** What does not fit: the page scrolls sideways, or a control or heading is cut off where nothing can be scrolled. Runs in the page. */
const misfits = (): string[] => {
  const found: string[] = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    found.push(`the page is ${root.scrollWidth} wide, of ${root.clientWidth}`);
  const scrolls = (element: Element | null, axis: 'overflowX' | 'overflowY'): boolean => {
    if (element === null || element === document.body) return false;
    return (
      ['auto', 'scroll'].includes(getComputedStyle(element)[axis]) || scrolls(element.parentElement, axis)
    );
  };
  const pageScrolls =
    root.scrollHeight > root.clientHeight &&
    ![root, document.body].some((each) => getComputedStyle(each).overflowY === 'hidden');
  // What a dialog covers is out of reach anyway.
  const top = [...document.querySelectorAll('[role=dialog], [role=alertdialog]')].at(-1);
  for (const element of (top ?? document).querySelectorAll<HTMLElement>(
    'button, a, input, select, textarea, h1, h2, h3',
  )) {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const box = element.getBoundingClientRect();
    // Drawn for screen readers only, or waiting above the window for the focus.
    if (box.width <= 2 || box.height <= 2 || box.bottom <= 0) continue;
    const name = `${element.tagName.toLowerCase()} "${(element.getAttribute('aria-label') ?? element.textContent ?? '').slice(0, 40)}"`;
    if ((box.right > innerWidth + 1 || box.left < -1) && !scrolls(element, 'overflowX'))
      found.push(`${name} is beside the window`);
    const reachable = scrolls(element, 'overflowY') || (top === undefined && pageScrolls);
    if ((box.bottom > innerHeight + 1 || box.top < -1) && !reachable)
      found.push(`${name} is below the window and cannot be scrolled to`);
  }
  return found;
};

/** At 200 % zoom a window of 1280 × 800 has room for half of that. */
export const expectFitsZoomed = async (page: Page, what: string): Promise<void> => {
  await page.setViewportSize({ width: 640, height: 400 });
  await expect.soft
    .poll(() => page.evaluate(misfits), { message: `${what} at 200 %`, timeout: 20_000 })
    .toEqual([]);
  await page.setViewportSize({ width: 1280, height: 800 });
};

export const expectSound = async (page: Page, what: string): Promise<void> => {
  await expectAccessible(page, what);
  await expectFitsZoomed(page, what);
};
