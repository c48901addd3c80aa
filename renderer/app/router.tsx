/** The pages and their addresses. Each loads when it is first opened. */
import { lazy, Suspense } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { FleetPage } from '../features/fleet/FleetPage.tsx';
import { EmptyState, Loading } from '../ui/EmptyState.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { ErrorBoundary } from './ErrorBoundary.tsx';

const HostPage = lazy(async () => ({ default: (await import('../features/host/HostPage.tsx')).HostPage }));
const SnapshotsPage = lazy(async () => ({
  default: (await import('../features/snapshots/SnapshotsPage.tsx')).SnapshotsPage,
}));
const SnapshotPage = lazy(async () => ({
  default: (await import('../features/snapshots/SnapshotPage.tsx')).SnapshotPage,
}));
const RulesPage = lazy(async () => ({
  default: (await import('../features/rules/RulesPage.tsx')).RulesPage,
}));
const RuleSetPage = lazy(async () => ({
  default: (await import('../features/rules/RuleSetPage.tsx')).RuleSetPage,
}));
const CatalogPage = lazy(async () => ({
  default: (await import('../features/catalog/CatalogPage.tsx')).CatalogPage,
}));
const PackagePage = lazy(async () => ({
  default: (await import('../features/catalog/PackagePage.tsx')).PackagePage,
}));
const CalendarPage = lazy(async () => ({
  default: (await import('../features/freezes/CalendarPage.tsx')).CalendarPage,
}));
const MergePage = lazy(async () => ({
  default: (await import('../features/versions/MergePage.tsx')).MergePage,
}));
const PlanPage = lazy(async () => ({ default: (await import('../features/plan/PlanPage.tsx')).PlanPage }));
const HistoryPage = lazy(async () => ({
  default: (await import('../features/history/HistoryPage.tsx')).HistoryPage,
}));
const SigningPage = lazy(async () => ({
  default: (await import('../features/signing/SigningPage.tsx')).SigningPage,
}));
const ReportsPage = lazy(async () => ({
  default: (await import('../features/reports/ReportsPage.tsx')).ReportsPage,
}));
const AuditPage = lazy(async () => ({
  default: (await import('../features/audit/AuditPage.tsx')).AuditPage,
}));
const RunPage = lazy(async () => ({ default: (await import('../features/run/RunPage.tsx')).RunPage }));

/** The key makes another host's page another page: nothing of the one before shines through. */
export const Pages = () => {
  const [path] = useLocation();
  return (
    <ErrorBoundary resetKey={path}>
      <Suspense fallback={<Loading label="The page is loaded" />}>
        <Switch>
          <Route path="/">
            <Redirect to="/fleet" replace />
          </Route>
          <Route path="/fleet" component={FleetPage} />
          <Route path="/fleet/:host">{({ host }) => <HostPage key={host} name={host} />}</Route>
          <Route path="/snapshots" component={SnapshotsPage} />
          <Route path="/snapshots/:name">{({ name }) => <SnapshotPage key={name} name={name} />}</Route>
          <Route path="/rules" component={RulesPage} />
          <Route path="/rules/:name">{({ name }) => <RuleSetPage key={name} name={name} />}</Route>
          <Route path="/catalogue" component={CatalogPage} />
          <Route path="/catalogue/:name">{({ name }) => <PackagePage key={name} name={name} />}</Route>
          <Route path="/freezes" component={CalendarPage} />
          <Route path="/snapshots/:name/merge/:id">
            {({ name, id }) => <MergePage key={`${name} ${id}`} name={name} theirs={`sha256:${id}`} />}
          </Route>
          <Route path="/plan/:id">{({ id }) => <PlanPage key={id} id={id} />}</Route>
          <Route path="/signing" component={SigningPage} />
          <Route path="/reports" component={ReportsPage} />
          <Route path="/audit" component={AuditPage} />
          <Route path="/runs" component={HistoryPage} />
          <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
          <Route>
            <div className="page">
              <PageHeader title="No such page" />
              <div className="page-body">
                <EmptyState title="There is nothing at this address">
                  <p>
                    Go to the <Link href="/fleet">fleet</Link>, the <Link href="/snapshots">snapshots</Link>{' '}
                    or the <Link href="/runs">runs</Link>.
                  </p>
                </EmptyState>
              </div>
            </div>
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
};
