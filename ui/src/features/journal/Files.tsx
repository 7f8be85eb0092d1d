import { Button, Modal, Progress, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconFiles } from '@tabler/icons-react';
import { useState } from 'react';
import { exportFile, exportsQuery, removeExport, type Export } from '@/api/exports/calls';
import { keys } from '@/api/keys';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Lamp, type Tone } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { downloadBlob } from '@/lib/download';
import { formatBytes, formatCount } from '@/lib/format';
import { browserZone, wall } from '@/lib/zone';

const tones: Record<string, Tone> = { running: 'busy', done: 'good', failed: 'bad' };

/** The exports that the gateway has for the signed-in user. */
export function Files({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const { data, error, refetch } = useQuery({ ...exportsQuery, staleTime: 0 });
  return (
    <Modal opened onClose={onClose} size="xl" title={<Text fw={600}>{t('journal.files')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading lines={3} />
      ) : data.length === 0 ? (
        <Empty title={t('journal.noFiles')} text={t('journal.noFilesText')} icon={<IconFiles size={30} stroke={1.4} aria-hidden />} />
      ) : (
        <>
          <table className={table.table}>
            <tbody>
              {data.map((e) => (
                <File key={e.id} file={e} />
              ))}
            </tbody>
          </table>
          <p className="dim" style={{ margin: '10px 0 0', fontSize: 13 }}>{t('journal.filesNote')}</p>
        </>
      )}
    </Modal>
  );
}

function File({ file: e }: { file: Export }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const act = async (what: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await what();
    } catch (error) {
      toast({ tone: 'bad', text: t('journal.files'), error });
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: keys.exports });
    }
  };
  const state = t(`journal.fileState.${e.state}` as 'journal.fileState.done', { defaultValue: e.state });
  const zone = e.filter.tz ?? browserZone();
  const about = [
    [e.filter.from, e.filter.to].map((at) => wall(at, zone).slice(0, 16)).filter(Boolean).join(' — '),
    e.filter.user,
    e.filter.module && `/${e.filter.module}/${e.filter.action ?? ''}`,
    e.filter.text && `«${e.filter.text}»`,
  ].filter(Boolean);
  return (
    <tr data-export={e.state}>
      <td>
        <b style={{ fontWeight: 560 }}>{t(e.kind === 'audit' ? 'nav.changes' : `journal.kind.${e.filter.bad && e.kind === 'requests' ? 'bad' : e.kind}`)}</b> <span className="dim">{e.format.toUpperCase()}</span>
        <div className="dim" style={{ fontSize: 12.5 }}>{about.join(' · ')}</div>
      </td>
      <td className="nowrap">
        <Lamp tone={tones[e.state] ?? 'warn'}>{state}</Lamp>
        {e.state === 'running' && <Progress value={e.progress * 100} size="sm" mt={4} aria-label={state} />}
        {e.error && <div className="dim" style={{ whiteSpace: 'normal', maxWidth: 220 }}>{e.error}</div>}
      </td>
      <td className="nowrap num">
        {t('journal.fileRows', { count: e.rows, n: formatCount(e.rows, language) })}
        <div className="dim" style={{ fontSize: 12.5 }}>
          {e.state === 'done' && `${formatBytes(e.bytes, language)}, `}
          {t('journal.fileGoes')} <Ago at={e.until} />
        </div>
      </td>
      <td className={table.end}>
        <div style={{ display: 'inline-flex', gap: 6 }}>
          {e.state === 'done' && (
            <Button size="xs" loading={busy} onClick={() => void act(async () => downloadBlob(`${e.kind}-${wall(e.created, zone).replace(/[ :]/g, '-')}.${e.format}`, await exportFile(e.id)))}>
              {t('journal.fetch')}
            </Button>
          )}
          <Button size="xs" variant="default" disabled={busy} onClick={() => void act(() => removeExport(e.id))}>
            {t(e.state === 'running' ? 'journal.stop' : 'common.delete')}
          </Button>
        </div>
      </td>
    </tr>
  );
}
