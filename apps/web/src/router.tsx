import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, redirect } from '@tanstack/react-router';
import { type Asked, filterNames } from './pages/search/search-query.js';
import { Shell } from './shell.js';
import { Button } from './ui/button.js';
import { Empty, NotThere } from './ui/states.js';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <div className="p-8">
      <NotThere what="page" back={<Link to="/catalogue" className="text-sm text-tungsten underline underline-offset-2">Go to the catalogue</Link>} />
    </div>
  ),
});

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    // The router's own way to send on.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw redirect({ to: '/catalogue' });
  },
});

const catalogue = createRoute({
  getParentRoute: () => root,
  path: '/catalogue',
  validateSearch: (search: Record<string, unknown>): { search?: string; state?: string } => ({ search: text(search['search']), state: text(search['state']) }),
  component: lazyRouteComponent(() => import('./pages/catalogue/catalogue-page.js'), 'CataloguePage'),
});
const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: (asked: Record<string, unknown>): Asked => Object.fromEntries((['words', 'like', ...filterNames] as const).map((name) => [name, text(asked[name])])),
  component: lazyRouteComponent(() => import('./pages/search/search-page.js'), 'SearchPage'),
});
const title = createRoute({
  getParentRoute: () => root,
  path: '/titles/$titleId',
  validateSearch: (search: Record<string, unknown>): { frame?: number } => (Number.isInteger(search['frame']) ? { frame: search['frame'] as number } : {}),
  component: lazyRouteComponent(() => import('./pages/title/title-page.js'), 'TitlePage'),
});
const datasets = createRoute({
  getParentRoute: () => root,
  path: '/datasets',
  component: lazyRouteComponent(() => import('./pages/datasets/datasets-page.js'), 'DatasetsPage'),
});
const dataset = createRoute({
  getParentRoute: () => root,
  path: '/datasets/$versionId',
  component: lazyRouteComponent(() => import('./pages/datasets/dataset-page.js'), 'DatasetPage'),
});
const filters = createRoute({
  getParentRoute: () => root,
  path: '/datasets/filters',
  validateSearch: (search: Record<string, unknown>): { set?: string } => ({ set: text(search['set']) }),
  component: lazyRouteComponent(() => import('./pages/filters/filters-page.js'), 'FiltersPage'),
});
const duplicates = createRoute({
  getParentRoute: () => root,
  path: '/datasets/duplicates',
  component: lazyRouteComponent(() => import('./pages/duplicates/duplicates-page.js'), 'DuplicatesPage'),
});
const detector = createRoute({
  getParentRoute: () => root,
  path: '/catalogue/detector',
  component: lazyRouteComponent(() => import('./pages/detector/detector-page.js'), 'DetectorPage'),
});
const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  component: lazyRouteComponent(() => import('./pages/runs/runs-page.js'), 'RunsPage'),
});
const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$runId',
  component: lazyRouteComponent(() => import('./pages/runs/run-page.js'), 'RunPage'),
});
const generate = createRoute({
  getParentRoute: () => root,
  path: '/generate',
  validateSearch: (search: Record<string, unknown>): { model?: string } => ({ model: text(search['model']) }),
  component: lazyRouteComponent(() => import('./pages/generate/generate-page.js'), 'GeneratePage'),
});
const log = createRoute({
  getParentRoute: () => root,
  path: '/log',
  validateSearch: (search: Record<string, unknown>): { type?: string } => ({ type: text(search['type']) }),
  component: lazyRouteComponent(() => import('./pages/log/log-page.js'), 'LogPage'),
});
const decision = createRoute({
  getParentRoute: () => root,
  path: '/decisions/$decisionId',
  component: lazyRouteComponent(() => import('./pages/log/decision-page.js'), 'DecisionPage'),
});
const licenceTabs = ['all', 'unsigned', 'ending', 'holds', 'duties'] as const;
const licences = createRoute({
  getParentRoute: () => root,
  path: '/licences',
  validateSearch: (search: Record<string, unknown>): { show?: (typeof licenceTabs)[number] } => ({ show: licenceTabs.find((tab) => tab === search['show']) }),
  component: lazyRouteComponent(() => import('./pages/licences/licences-page.js'), 'LicencesPage'),
});
const licence = createRoute({
  getParentRoute: () => root,
  path: '/licences/$licenceId',
  component: lazyRouteComponent(() => import('./pages/licences/licence-page.js'), 'LicencePage'),
});

/** The page itself failed: our mistake. The rest of the console goes on. */
function Broken({ reset }: { reset: () => void }) {
  return (
    <div className="p-8">
      <Empty title="This page broke" action={<Button onClick={reset}>Try again</Button>}>
        Nothing was changed. If it stays, load the console again, and tell your operator the time.
      </Empty>
    </div>
  );
}

export const router = createRouter({
  routeTree: root.addChildren([home, catalogue, search, title, datasets, filters, duplicates, detector, dataset, runs, run, generate, log, decision, licences, licence]),
  defaultPreload: 'intent',
  defaultErrorComponent: Broken,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
