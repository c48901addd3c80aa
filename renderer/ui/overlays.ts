/**
 * Where what floats is put, so that nothing stands outside of every landmark. Ask when it opens, not before: the places come
 * and go with the shell and with dialogs.
 */
export const OVERLAYS_ID = 'overlays';

/**
 * For tooltips: in the page's main landmark, also while a dialog is open. In the dialog itself they would end its keyboard
 * order: one that vanishes while the focus moves on makes the dialog's focus trap take the focus back.
 * Null until the shell stands; Radix then takes the body.
 */
export const pageOverlays = (): HTMLElement | null =>
  typeof document === 'undefined' ? null : document.getElementById(OVERLAYS_ID);

/** For menus and popovers: in the open dialog, for all around it is hidden from screen readers; else in the page. */
export const overlays = (): HTMLElement | null =>
  typeof document === 'undefined'
    ? null
    : ([...document.querySelectorAll<HTMLElement>('.dialog[data-state="open"]')].at(-1) ?? pageOverlays());
