/** Light, dark, or as the system. */
import { Monitor, Moon, Sun } from 'lucide-react';
import type { ReactNode } from 'react';
import { Segmented } from '../ui/Field.tsx';
import { VisuallyHidden } from '../ui/Kbd.tsx';
import { useCommand } from './commands.ts';
import { setTheme, useTheme } from './theme.ts';

const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const;

export const ThemeSwitch = () => {
  const theme = useTheme((state) => state.theme);
  useCommand({
    id: 'theme',
    label: `Change the colours (now ${theme === 'system' ? 'as the system' : theme})`,
    also: 'dark light theme',
    group: 'Window',
    run: () => setTheme(NEXT[theme]),
  });
  return (
    <div className="theme-switch">
      <Segmented
        label="Colours"
        hideLabel
        value={theme}
        onChange={setTheme}
        options={[
          { value: 'system', label: named('As the system', <Monitor size={14} aria-hidden />) },
          { value: 'light', label: named('Light', <Sun size={14} aria-hidden />) },
          { value: 'dark', label: named('Dark', <Moon size={14} aria-hidden />) },
        ]}
      />
    </div>
  );
};

const named = (name: string, icon: ReactNode) => (
  <span title={name}>
    {icon}
    <VisuallyHidden>{name}</VisuallyHidden>
  </span>
);
