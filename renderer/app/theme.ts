/** Light, dark or as the system; kept in this browser or window only. */
import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'frostline.theme';
const isTheme = (text: string | null): text is Theme =>
  text === 'system' || text === 'light' || text === 'dark';

const read = (): Theme => {
  try {
    const kept = localStorage.getItem(KEY);
    return isTheme(kept) ? kept : 'system';
  } catch {
    return 'system';
  }
};

export const useTheme = create<{ theme: Theme }>(() => ({ theme: read() }));

/** Puts the theme onto the page, before the first paint and at every change. */
export const applyTheme = (theme: Theme = useTheme.getState().theme): void => {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
};

export const setTheme = (theme: Theme): void => {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be denied; the choice then lasts until the page is closed.
  }
  useTheme.setState({ theme });
  applyTheme(theme);
};
