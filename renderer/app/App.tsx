/** The window: providers around the shell. */
import { Router } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { type Deps, DepsProvider } from '../transport/client.tsx';
import { Toaster } from '../ui/Toast.tsx';
import { TooltipProvider } from '../ui/Tooltip.tsx';
import { ErrorBoundary } from './ErrorBoundary.tsx';
import { Shell } from './Shell.tsx';

export const App = ({ deps }: { deps: Deps }) => (
  <DepsProvider value={deps}>
    <TooltipProvider>
      <Router hook={useHashLocation}>
        <ErrorBoundary>
          <Shell />
        </ErrorBoundary>
      </Router>
      <Toaster />
    </TooltipProvider>
  </DepsProvider>
);
