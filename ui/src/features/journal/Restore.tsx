import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useState } from 'react';
import type { ChangeRow } from '@/api/changes/page';
import { restoreChange } from '@/api/changes/restore';
import { useMay } from '@/api/session';
import { Confirm } from '@/components/Confirm';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { sayChange } from '@/i18n/change';
import { isHiddenSecret } from '@/lib/dialect';
import { differences } from '@/lib/diff';
import css from './Details.module.css';
import { whyNot } from './restorable';

/** Says honestly why there is no button. */
function WhyNot({ row }: { row: ChangeRow }) {
  const { t } = useWords();
  const why = whyNot(row.action);
  return (
    <p className={css.why}>
      {t(`changes.why.${why}`)}{' '}
      {why === 'plugin' && (
        <Link to="/plugins/$id" params={{ id: row.object }} search={{ tab: undefined }} className={css.link}>
          {t('plugins.page')}
        </Link>
      )}
    </p>
  );
}

/** Takes one change back, after a look at what will be again. */
export function Restore({ row }: { row: ChangeRow }) {
  const { t } = useWords();
  const client = useQueryClient();
  const ofUser = row.action.startsWith('user.');
  const may = useMay(ofUser ? 'administrator' : 'manager');
  const [asking, ask] = useState(false);
  if (!row.undoable) return <WhyNot row={row} />;
  if (!may) return <p className={css.why}>{t(ofUser ? 'common.needsAdministrator' : 'common.needsManager')}</p>;
  const say = (value: unknown) => (value === undefined || value === null ? t('form.nothing') : isHiddenSecret(value) ? t('form.secretSet') : typeof value === 'string' ? value : JSON.stringify(value));
  return (
    <div style={{ marginTop: 16 }}>
      <Button variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={() => ask(true)}>
        {t('changes.restore')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => ask(false)}
        title={t('changes.restoreTitle')}
        verb={t('changes.restore')}
        run={async () => {
          await restoreChange(row);
          toast({ tone: 'good', text: t('changes.restored', { what: sayChange(row.action, t), object: row.object }) });
          void client.invalidateQueries();
        }}
      >
        <p style={{ marginTop: 0 }}>{t('changes.restoreText')}</p>
        <table className={css.diff}>
          <thead>
            <tr>
              <th scope="col">{t('changes.field')}</th>
              <th scope="col">{t('changes.was')}</th>
              <th scope="col">{t('changes.willBe')}</th>
            </tr>
          </thead>
          <tbody>
            {differences(row.before, row.after).map((d) => (
              <tr key={d.path}>
                <th scope="row" className="mono">{d.path || '—'}</th>
                <td className={`mono ${css.before}`}>{say(d.after)}</td>
                <td className={`mono ${css.after}`}>{say(d.before)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Confirm>
    </div>
  );
}
