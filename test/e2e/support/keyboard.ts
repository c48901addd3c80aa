/** Hands without a mouse: Tab until something has the focus, and see at every stop that the focus can be seen. */
import { expect, type Locator, type Page } from '@playwright/test';

/** More stops than any page of the window has. */
const MOST_STOPS = 120;

/** What is wrong with the focus as it stands; empty: it is on something, in sight, and marked. Runs in the page. */
const focusFault = (): string => {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || element === document.body) return '';
  const name = `${element.tagName.toLowerCase()} "${element.getAttribute('aria-label') ?? element.textContent?.slice(0, 40) ?? ''}"`;
  if (!element.matches(':focus-visible')) return `${name} does not show the focus`;
  // A control that is drawn by its label is marked there.
  const drawn = [element, element.parentElement, element.nextElementSibling].some((each) => {
    if (each === null) return false;
    const style = getComputedStyle(each);
    return (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none';
  });
  if (!drawn) return `${name} has no mark of the focus`;
  const box = (
    element.matches('input[type=radio]') ? (element.parentElement ?? element) : element
  ).getBoundingClientRect();
  const seen = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return seen ? '' : `${name} is out of sight`;
};

export const keyboard = (page: Page) => {
  const hasFocus = async (target: Locator): Promise<boolean> =>
    (await target.count()) === 1 && (await target.evaluate((element) => element === document.activeElement));
  return {
    press: (...keys: string[]) =>
      keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve()),
    /** All of them before the page draws its next frame, each to what has the focus then. */
    burst: (...keys: (string | { key: string; shiftKey: boolean })[]) =>
      page.evaluate(async (all) => {
        for (const key of all) {
          const init = typeof key === 'string' ? { key } : key;
          const event = new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true });
          document.activeElement?.dispatchEvent(event);
          await Promise.resolve();
        }
      }, keys),
    type: (text: string) => page.keyboard.type(text),
    /** Replaces what the field with the focus holds. */
    fill: async (text: string) => {
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(text);
    },
    to: async (target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab') => {
      await expect(target).toBeVisible();
      for (let stops = 0; stops < MOST_STOPS; stops += 1) {
        if (await hasFocus(target)) return;
        await page.keyboard.press(key);
        expect(await page.evaluate(focusFault)).toBe('');
      }
      throw new Error(`${target} cannot be reached with ${key}`);
    },
  };
};

/** From now on a pointer that is used at all is remembered. */
export const forbidPointer = async (page: Page): Promise<() => Promise<number>> => {
  await page.evaluate(() => {
    const seen = Object.assign(window, { pointerUses: 0 });
    for (const type of ['pointerdown', 'mousedown', 'touchstart', 'wheel'])
      addEventListener(
        type,
        () => {
          seen.pointerUses += 1;
        },
        { capture: true },
      );
  });
  return () => page.evaluate(() => ('pointerUses' in window ? Number(window.pointerUses) : -1));
};
