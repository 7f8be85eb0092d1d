import { Modal, Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { callersQuery } from '@/api/modules/callers';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { useWords } from '@/i18n';
import { formatCount } from '@/lib/format';
import { perUser } from './callers';
import type { Wish } from './useToggles';

const shown = 8;

/** Before something is switched off: who has used it lately. */
export function SwitchOff({ wish, onClose, onGo }: { wish: Wish; onClose: () => void; onGo: () => void }) {
  const { t, language } = useWords();
  const { data, error } = useQuery(callersQuery(wish.module, wish.action));
  const list = data ? perUser(data.callers) : [];
  return (
    <Modal size={500} opened onClose={onClose} title={<Text fw={600}>{t('modules.offTitle', { title: wish.title })}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Text size="sm" mb="sm">
        {t('modules.offText')}
      </Text>
      {error ? (
        <Failure error={error} what={t('modules.usageUnknown')} />
      ) : !data ? (
        <Loading lines={3} />
      ) : list.length === 0 ? (
        <Text size="sm" fw={520}>
          {t('modules.unused', { count: data.days })}
        </Text>
      ) : (
        <>
          <table className={table.table}>
            <caption className="vh">{t('modules.usedBy', { count: data.days })}</caption>
            <thead>
              <tr>
                <th scope="col">{t('modules.usedBy', { count: data.days })}</th>
                <th scope="col" className={table.end}>
                  {t('modules.requests')}
                </th>
                <th scope="col">{t('modules.last')}</th>
              </tr>
            </thead>
            <tbody>
              {list.slice(0, shown).map((c) => (
                <tr key={c.user} data-caller={c.user}>
                  <td>
                    <Link className={table.row ?? ''} to="/users/$login" params={{ login: c.user }} search={{ tab: undefined }}>
                      {c.user}
                    </Link>
                  </td>
                  <td className={`${table.end} num`}>{formatCount(c.count, language)}</td>
                  <td>
                    <Ago at={c.last} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {(list.length > shown || !data.complete) && (
            <Text size="xs" c="dimmed" mt={6}>
              {data.complete ? t('modules.moreUsers', { count: list.length - shown }) : t('modules.notAll')}
            </Text>
          )}
        </>
      )}
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button color="red" onClick={onGo} data-autofocus>
          {t('modules.off')}
        </Button>
      </Group>
    </Modal>
  );
}
