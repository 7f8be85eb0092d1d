import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { overviewQuery } from '@/api/live/overview';
import { modulesQuery } from '@/api/modules/list';
import { nodesQuery } from '@/api/nodes/list';
import { providersQuery } from '@/api/providers/list';
import { Failure } from '@/components/Failure';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { useWords } from '@/i18n';
import { AlarmLines } from '@/components/guards/AlarmLines';
import { Attention } from './Attention';
import { useLive } from '@/components/useLive';
import { LiveFigures } from './LiveFigures';
import { LiveModules } from './LiveModules';
import { Connections } from './Tables';
import { LatestChanges, LatestRefusals } from './Latest';
import css from './Overview.module.css';

/** How often the figures are looked at, in milliseconds: what the stream does not tell, and everything without it. */
const pauses = { live: 15_000, polled: 5_000 };

export function OverviewPage() {
  const { t } = useWords();
  const { pulse, live } = useLive();
  const every = live ? pauses.live : pauses.polled;
  const overview = useQuery({ ...overviewQuery, refetchInterval: every });
  const modules = useQuery({ ...modulesQuery, refetchInterval: every });
  const nodes = useQuery(nodesQuery);
  const providers = useQuery(providersQuery);

  return (
    <Page name={t('overview.title')} about={t('overview.about')}>
      {modules.error && !modules.data && <Failure error={modules.error} retry={() => void modules.refetch()} />}
      <AlarmLines />
      <Attention modules={modules.data ?? []} providers={providers.data ?? []} nodes={nodes.data ?? []} />
      <LiveFigures overview={overview.data} pulse={pulse} live={live} error={overview.error} />
      <div className={css.columns}>
        <Panel title={t('nav.modules')} flush tools={<Link className={css.more} to="/modules">{t('overview.open')}</Link>}>
          <LiveModules modules={modules.data} overview={overview.data} pulse={pulse} />
        </Panel>
        <Panel title={t('nav.providers')} flush tools={<Link className={css.more} to="/providers">{t('overview.open')}</Link>}>
          <Connections nodes={nodes.data} providers={providers.data} />
        </Panel>
      </div>
      <div className={css.columns}>
        <LatestRefusals />
        <LatestChanges />
      </div>
    </Page>
  );
}
