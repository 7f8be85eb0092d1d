import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import { useWords } from '@/i18n';

/** The modules or connections that run a plugin, each with the way to it. */
export function UsedBy({ kind, names }: { kind: 'module' | 'provider'; names: string[] }) {
  const { t } = useWords();
  if (names.length === 0) return <span className="dim">{t('plugins.unused')}</span>;
  return names.map((name, i) => (
    <Fragment key={name}>
      {i > 0 && ', '}
      {kind === 'module' ? (
        <Link to="/modules/$id" params={{ id: name }} search={{ tab: undefined }}>
          {name}
        </Link>
      ) : (
        <Link to="/providers/$name" params={{ name }} search={{ tab: undefined }}>
          {name}
        </Link>
      )}
    </Fragment>
  ));
}
