import { Link } from '@tanstack/react-router';
import type { Module, Node, Provider } from '@/api/types';
import { useWords } from '@/i18n';
import { sayNodeFault } from '@/i18n/node';
import { sayState } from '@/i18n/state';
import css from './Overview.module.css';

/** What needs somebody: named, with the reason and the way to it. Nothing, when all is well. */
export function Attention({ modules, providers, nodes }: { modules: Module[]; providers: Provider[]; nodes: Node[] }) {
  const { t, pick } = useWords();
  const ill = <X extends Module | Provider>(list: X[]) => list.filter((x) => x.on && (x.state.name === 'failed' || x.state.name === 'backing off'));
  const tone = (x: Module | Provider) => (x.state.name === 'failed' ? css.bad : css.warn);
  const downs = nodes.filter((n) => n.state === 'down');
  const illModules = ill(modules);
  const illProviders = ill(providers);
  if (downs.length + illModules.length + illProviders.length === 0) return null;
  return (
    <ul className={css.attention} aria-label={t('overview.attention')}>
      {downs.map((n) => (
        <li key={`n-${n.name}`} className={css.bad}>
          <Link to="/providers/-node/$name" params={{ name: n.name }}>FreeSWITCH {n.name}</Link>
          <span className="grow">
            {t('state.gateDown')}. {sayNodeFault(n.code, n.reason, t).what}
          </span>
        </li>
      ))}
      {illModules.map((m) => (
        <li key={`m-${m.id}`} className={tone(m)}>
          <Link to="/modules/$id" params={{ id: m.id }} search={{ tab: 'health' }}>
            {pick(m.title) || m.id}
          </Link>
          <span className="grow">
            {sayState(m, t).name}. {m.state.reason}
          </span>
        </li>
      ))}
      {illProviders.map((p) => (
        <li key={`p-${p.name}`} className={tone(p)}>
          <Link to="/providers/$name" params={{ name: p.name }} search={{ tab: 'health' }}>
            {p.name}
          </Link>
          <span className="grow">
            {sayState(p, t).name}. {p.state.reason}
          </span>
        </li>
      ))}
    </ul>
  );
}
