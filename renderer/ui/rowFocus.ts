/** Moving the focus between the rows of a virtualised grid, of which a row far away is drawn only frames later. */
import { type RefObject, useRef } from 'react';

/** Gives the focus to the row with this `data-key`, as soon as it is drawn, unless it was sent on to another meanwhile. */
export const useRowFocus = (scroll: RefObject<HTMLElement | null>): ((id: string) => void) => {
  const goal = useRef<string>(undefined);
  return (id) => {
    goal.current = id;
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (goal.current === id)
          scroll.current
            ?.querySelector<HTMLElement>(`[data-key="${CSS.escape(id)}"]`)
            ?.focus({ preventScroll: true });
      }),
    );
  };
};
