import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { panelPath } from '@/lib/base';
import { journalSearch } from '@/features/journal/search';
import { changesSearch } from '@/features/journal/search';
import { reportSearch } from '@/features/reports/search';
import { Crashed } from './Crash';
import { NotFound } from './NotFound';
import { Shell } from './Shell';

type Search = Record<string, unknown>;

/** A field of the address that is a text; anything else counts as left out. */
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const tab = (search: Search): { tab?: string } => ({ tab: text(search.tab) });

const root = createRootRouteWithContext<{ client: QueryClient }>()({ component: Shell, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('@/features/overview/OverviewPage'), 'OverviewPage'),
});
const modules = createRoute({
  getParentRoute: () => root,
  path: '/modules',
  component: lazyRouteComponent(() => import('@/features/modules/ModulesPage'), 'ModulesPage'),
});
const module = createRoute({
  getParentRoute: () => root,
  path: '/modules/$id',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('@/features/modules/ModulePage'), 'ModulePage'),
});
const providers = createRoute({
  getParentRoute: () => root,
  path: '/providers',
  component: lazyRouteComponent(() => import('@/features/providers/ProvidersPage'), 'ProvidersPage'),
});
const newProvider = createRoute({
  getParentRoute: () => root,
  path: '/providers/-new',
  validateSearch: (search: Search): { plugin?: string } => ({ plugin: text(search.plugin) }),
  component: lazyRouteComponent(() => import('@/features/providers/NewProviderPage'), 'NewProviderPage'),
});
const newNode = createRoute({
  getParentRoute: () => root,
  path: '/providers/-node',
  component: lazyRouteComponent(() => import('@/features/providers/NewNodePage'), 'NewNodePage'),
});
const node = createRoute({
  getParentRoute: () => root,
  path: '/providers/-node/$name',
  component: lazyRouteComponent(() => import('@/features/providers/NodePage'), 'NodePage'),
});
const wizard = createRoute({
  getParentRoute: () => root,
  path: '/providers/-sms',
  component: lazyRouteComponent(() => import('@/features/wizard/WizardPage'), 'WizardPage'),
});
const provider = createRoute({
  getParentRoute: () => root,
  path: '/providers/$name',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('@/features/providers/ProviderPage'), 'ProviderPage'),
});
const reports = createRoute({
  getParentRoute: () => root,
  path: '/reports',
  component: lazyRouteComponent(() => import('@/features/reports/ReportsPage'), 'ReportsPage'),
});
const report = createRoute({
  getParentRoute: () => root,
  path: '/reports/$name',
  validateSearch: reportSearch,
  component: lazyRouteComponent(() => import('@/features/reports/ReportPage'), 'ReportPage'),
});
const plugins = createRoute({
  getParentRoute: () => root,
  path: '/plugins',
  component: lazyRouteComponent(() => import('@/features/plugins/PluginsPage'), 'PluginsPage'),
});
const plugin = createRoute({
  getParentRoute: () => root,
  path: '/plugins/$id',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('@/features/plugins/PluginPage'), 'PluginPage'),
});
const users = createRoute({
  getParentRoute: () => root,
  path: '/users',
  validateSearch: (search: Search): { text?: string; show?: string } => ({ text: text(search.text), show: text(search.show) }),
  component: lazyRouteComponent(() => import('@/features/users/UsersPage'), 'UsersPage'),
});
const newUser = createRoute({
  getParentRoute: () => root,
  path: '/users/-new',
  component: lazyRouteComponent(() => import('@/features/users/NewUserPage'), 'NewUserPage'),
});
const user = createRoute({
  getParentRoute: () => root,
  path: '/users/$login',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('@/features/users/UserPage'), 'UserPage'),
});
const journal = createRoute({
  getParentRoute: () => root,
  path: '/journal',
  validateSearch: journalSearch,
  component: lazyRouteComponent(() => import('@/features/journal/JournalPage'), 'JournalPage'),
});
const changes = createRoute({
  getParentRoute: () => root,
  path: '/changes',
  validateSearch: changesSearch,
  component: lazyRouteComponent(() => import('@/features/journal/ChangesPage'), 'ChangesPage'),
});
const tryIt = createRoute({
  getParentRoute: () => root,
  path: '/console',
  validateSearch: (search: Search): { action?: string; user?: string } => ({ action: text(search.action), user: text(search.user) }),
  component: lazyRouteComponent(() => import('@/features/console/ConsolePage'), 'ConsolePage'),
});
const guards = createRoute({
  getParentRoute: () => root,
  path: '/guards',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('@/features/guards/GuardsPage'), 'GuardsPage'),
});
const configuration = createRoute({
  getParentRoute: () => root,
  path: '/configuration',
  validateSearch: tab,
  component: lazyRouteComponent(() => import('@/features/setup/SetupPage'), 'SetupPage'),
});
const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('@/features/account/AccountPage'), 'AccountPage'),
});

const tree = root.addChildren([overview, modules, module, providers, newProvider, newNode, node, wizard, provider, reports, report, plugins, plugin, users, newUser, user, journal, changes, tryIt, guards, configuration, account]);

export function createPanelRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: panelPath,
    context: { client },
    defaultPreload: 'intent',
    defaultPendingMs: 300,
    defaultErrorComponent: ({ error }) => <Crashed error={error instanceof Error ? error : new Error(String(error))} />,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPanelRouter>;
  }
}
