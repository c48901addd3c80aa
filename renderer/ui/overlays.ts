/**
 * Where tooltips, menus and popovers are put: into the open dialog, for all around it is hidden from screen readers; else into the
 * page's main landmark, so that nothing stands outside of every landmark. Ask when one opens, not before.
 */
export const OVERLAYS_ID = 'overlays';

/** Null until the shell stands; Radix then takes the body. */
export const overlays = (): HTMLElement | null => {
  if (typeof document === 'undefined') return null;
  return (
    [...document.querySelectorAll<HTMLElement>('.dialog[data-state="open"]')].at(-1) ??
    document.getElementById(OVERLAYS_ID)
  );
};
