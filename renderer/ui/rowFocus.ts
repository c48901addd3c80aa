/** Moving the focus between the rows of a virtualised grid, of which a row far away is drawn only frames later. */
import { type RefObject, useRef } from 'react';

export const useRowFocus = (scroll: RefObject<HTMLElement | null>) => {
  const going = useRef<string>(undefined);
  return {
    /** Gives the focus to the row with this `data-key`, as soon as it is drawn. */
    go: (id: string): void => {
      going.current = id;
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          if (going.current !== id) return;
          going.current = undefined;
          scroll.current
            ?.querySelector<HTMLElement>(`[data-key="${CSS.escape(id)}"]`)
            ?.focus({ preventScroll: true });
        }),
      );
    },
    /** The row a key is meant for: the one that the focus is on its way to, else the one that heard it. Keys are faster than frames. */
    meant: (heard: string): string => going.current ?? heard,
  };
};
