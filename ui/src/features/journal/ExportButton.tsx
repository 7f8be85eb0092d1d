import { Button, Group, Menu, Modal, Progress, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconDownload, IconFiles } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { asApiError } from '@/api/error';
import { createExport, exportFile, getExport, removeExport, type Export, type Format } from '@/api/exports/calls';
import type { Filter, Kind } from '@/api/journal/page';
import { keys } from '@/api/keys';
import { Failure } from '@/components/Failure';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { downloadBlob } from '@/lib/download';
import { formatCount } from '@/lib/format';
import { Files } from './Files';

const pause = 700;

/**
 * Everything that fits the filters as a file. The gateway makes it; who waits gets it
 * by itself, who does not finds it among the own files.
 */
export function ExportButton({ kind, filter, zone }: { kind: Kind; filter: Filter; zone: string }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const [now, setNow] = useState<Export | null>(null);
  const [away, setAway] = useState(false); // the gateway does not answer
  const [error, setError] = useState<unknown>(null);
  const [files, showFiles] = useState(false);
  const wanted = useRef(''); // the id of the export that somebody waits for
  useEffect(
    () => () => {
      wanted.current = ''; // it goes on without this page
    },
    [],
  );

  /** The export as it is now; undefined while the gateway does not answer. */
  const look = async (id: string) => {
    try {
      return await getExport(id);
    } catch (e) {
      if (!asApiError(e).unreachable && asApiError(e).status < 500) throw e;
      return undefined;
    }
  };
  const run = async (format: Format) => {
    setError(null);
    try {
      let e = await createExport(kind, format, filter, zone);
      wanted.current = e.id;
      setNow(e);
      while (e.state !== 'done') {
        if (e.state === 'failed') throw new Error(e.error);
        await new Promise((done) => setTimeout(done, pause));
        if (wanted.current !== e.id) return;
        const seen = await look(e.id);
        if (wanted.current !== e.id) return;
        setAway(seen === undefined);
        if (seen) setNow((e = seen));
      }
      downloadBlob(`${kind}.${format}`, await exportFile(e.id));
      toast({ tone: 'good', text: t('journal.exported', { count: e.rows, n: formatCount(e.rows, language) }) });
      void removeExport(e.id).catch(() => undefined); // the gateway removes old ones, too
      leave();
    } catch (e) {
      setError(e);
    }
  };
  const leave = () => {
    wanted.current = '';
    setNow(null);
    setAway(false);
    setError(null);
    void client.invalidateQueries({ queryKey: keys.exports });
  };
  const stop = () => {
    if (now) void removeExport(now.id).catch(() => undefined);
    leave();
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} />}>
            {t('journal.export')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void run('csv')}>CSV</Menu.Item>
          <Menu.Item onClick={() => void run('xlsx')}>XLSX</Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconFiles size={16} />} onClick={() => showFiles(true)}>
            {t('journal.files')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={now !== null || error !== null} onClose={error !== null ? stop : leave} closeOnClickOutside={false} title={<Text fw={600}>{t('journal.exporting')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
        {error !== null ? (
          <Failure error={error} />
        ) : (
          now && (
            <>
              <Progress value={now.progress * 100} aria-label={t('journal.exporting')} animated color={away ? 'gray' : undefined} />
              <Text size="sm" mt="sm" role="status">
                {away ? t('journal.exportWaits') : t('journal.exportedRows', { count: now.rows, n: formatCount(now.rows, language) })}
              </Text>
              <Text size="sm" c="dimmed" mt="xs">
                {t('journal.exportAwayNote')}
              </Text>
            </>
          )
        )}
        <Group justify="flex-end" mt="lg" gap="sm">
          {error !== null ? (
            <Button variant="default" onClick={stop}>
              {t('common.close')}
            </Button>
          ) : (
            <>
              <Button variant="default" onClick={stop}>
                {t('journal.stop')}
              </Button>
              <Button onClick={leave}>{t('journal.exportAway')}</Button>
            </>
          )}
        </Group>
      </Modal>
      {files && <Files onClose={() => showFiles(false)} />}
    </>
  );
}
