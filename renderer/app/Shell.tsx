/** What stands around every page: navigation, the connection's banner, what is going on, palette and shortcuts. */
import {
  CalendarDays,
  ClipboardCheck,
  History,
  KeyRound,
  Layers,
  ListChecks,
  PackageSearch,
  ScrollText,
  Server,
} from 'lucide-react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { DemoStatus } from '../features/demo/DemoStatus.tsx';
import { useFleet } from '../features/fleet/store.ts';
import { VaultStatus } from '../features/vault/VaultStatus.tsx';
import { Button } from '../ui/Button.tsx';
import { formatCount } from '../ui/format.ts';
import { Kbd } from '../ui/Kbd.tsx';
import { OVERLAYS_ID } from '../ui/overlays.ts';
import { Activities } from './Activities.tsx';
import { ConnectionBanner } from './ConnectionBanner.tsx';
import { useCommand, useCommandKeys } from './commands.ts';
import { keyLabels, onMac } from './keys.ts';
import { Palette } from './Palette.tsx';
import { Pages } from './router.tsx';
import { ShortcutsDialog } from './ShortcutsDialog.tsx';
import { ThemeSwitch } from './ThemeSwitch.tsx';

const PLACES = [
  { path: '/fleet', label: 'Fleet', icon: Server, keys: 'g f' },
  { path: '/snapshots', label: 'Snapshots', icon: Layers, keys: 'g s' },
  { path: '/rules', label: 'Rules', icon: ListChecks, keys: 'g u' },
  { path: '/catalogue', label: 'Catalogue', icon: PackageSearch, keys: 'g c' },
  { path: '/freezes', label: 'Freezes', icon: CalendarDays, keys: 'g z' },
  { path: '/runs', label: 'Runs', icon: History, keys: 'g r' },
  { path: '/signing', label: 'Signing', icon: KeyRound, keys: 'g k' },
  { path: '/reports', label: 'Reports', icon: ClipboardCheck, keys: 'g e' },
  { path: '/audit', label: 'Audit log', icon: ScrollText, keys: 'g a' },
] as const;

export const Shell = () => {
  const [palette, setPalette] = useState(false);
  const [shortcuts, setShortcuts] = useState(false);
  const main = useRef<HTMLElement>(null);
  useCommandKeys();
  useCommand({
    id: 'palette',
    label: 'Find a command, host or snapshot',
    group: 'Window',
    keys: 'mod+k',
    run: () => setPalette(true),
  });
  useCommand({
    id: 'shortcuts',
    label: 'Show the keyboard shortcuts',
    group: 'Window',
    keys: '?',
    run: () => setShortcuts(true),
  });
  usePageFocus(main);

  return (
    <div className="shell">
      <button type="button" className="skip-link btn" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header className="side">
        <Link href="/fleet" className="brand" aria-label="Frostline, to the fleet">
          <BrandMark />
          <span>Frostline</span>
        </Link>
        <nav className="nav" aria-label="Pages">
          {PLACES.map((place) => (
            <Place key={place.path} {...place} />
          ))}
        </nav>
        <div className="side-now">
          <Activities />
        </div>
        <div className="side-foot">
          <DemoStatus />
          <VaultStatus />
          <ThemeSwitch />
          <Button variant="ghost" size="sm" className="find" onClick={() => setPalette(true)}>
            <span>Find…</span>
            <span className="keys" aria-hidden>
              {keyLabels('mod+k', onMac()).map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </span>
          </Button>
        </div>
      </header>
      <div className="content">
        <ConnectionBanner />
        <main id="main" ref={main} tabIndex={-1}>
          <Pages />
          <div id={OVERLAYS_ID} />
        </main>
      </div>
      <Palette open={palette} onOpenChange={setPalette} />
      <ShortcutsDialog open={shortcuts} onClose={() => setShortcuts(false)} />
    </div>
  );
};

const Place = ({ path, label, icon: Icon, keys }: (typeof PLACES)[number]) => {
  const [at, navigate] = useLocation();
  const total = useFleet((state) => state.total);
  useCommand({
    id: `go${path}`,
    label: `Go to ${label.toLowerCase()}`,
    group: 'Go to',
    keys,
    run: () => navigate(path),
  });
  const here = at === path || at.startsWith(`${path}/`) || (path === '/runs' && at.startsWith('/plan/'));
  return (
    <Link href={path} className="nav-item" aria-current={here ? 'page' : undefined}>
      <Icon size={16} aria-hidden />
      <span>{label}</span>
      {path === '/fleet' && total !== undefined && <span className="nav-count">{formatCount(total)}</span>}
    </Link>
  );
};

/**
 * After a change of page the focus goes to its heading, so that a screen reader says where one is and Tab starts there. A page that
 * is still read shows another heading first; the focus that vanishes with it goes to the new one, until a key or the pointer is used.
 */
const usePageFocus = (main: RefObject<HTMLElement | null>) => {
  const [path] = useLocation();
  const before = useRef(path);
  useEffect(() => {
    const page = main.current;
    const came = before.current;
    before.current = path;
    // From nowhere: the window was just opened, and its first stop is the button that skips the navigation.
    if (came === path || came === '/' || page === null) return;
    const toHeading = () => (page.querySelector<HTMLElement>('h1') ?? page).focus({ preventScroll: true });
    const frame = requestAnimationFrame(() => {
      toHeading();
      page.scrollTo(0, 0);
    });
    const observer = new MutationObserver(() => {
      const focused = document.activeElement;
      if (focused === null || focused === document.body || focused === page) toHeading();
    });
    const stop = () => {
      observer.disconnect();
      document.removeEventListener('keydown', stop, true);
      document.removeEventListener('pointerdown', stop, true);
    };
    observer.observe(page, { childList: true, subtree: true });
    document.addEventListener('keydown', stop, true);
    document.addEventListener('pointerdown', stop, true);
    return () => {
      cancelAnimationFrame(frame);
      stop();
    };
  }, [path, main]);
};

const BrandMark = () => (
  <svg width="22" height="22" viewBox="0 0 32 32" fill="none" aria-hidden="true" className="brand-mark">
    <path d="M3 11.5h26" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />
    <path
      d="M16 11.5v16M16 19l-6.5-4.2M16 19l6.5-4.2M16 25l-4.6-3M16 25l4.6-3"
      stroke="currentColor"
      strokeWidth="2.2"
      strokeLinecap="round"
    />
    <path
      d="M7 6.4h.01M16 6.4h.01M25 6.4h.01"
      stroke="currentColor"
      strokeWidth="2.6"
      strokeLinecap="round"
    />
  </svg>
);
