import { Button, Group, Menu, Modal, Progress, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { createExport, exportFile, getExport, removeExport, type Export, type Format } from '@/api/exports/calls';
import type { Filter, Kind } from '@/api/journal/page';
import { Failure } from '@/components/Failure';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { downloadBlob } from '@/lib/download';
import { formatCount } from '@/lib/format';

const pause = 700;

/** Everything that fits the filters as a file. The gateway makes it; the page shows how far it is and hands it over. */
export function ExportButton({ kind, filter, zone }: { kind: Kind; filter: Filter; zone: string }) {
  const { t, language } = useWords();
  const [now, setNow] = useState<Export | null>(null);
  const [error, setError] = useState<unknown>(null);
  const wanted = useRef(''); // the id of the export that somebody still waits for
  const forget = () => {
    const id = wanted.current;
    wanted.current = '';
    if (id) void removeExport(id).catch(() => undefined); // the gateway removes old ones, too
  };
  useEffect(() => forget, []);

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
        e = await getExport(e.id);
        setNow(e);
      }
      downloadBlob(`${kind}.${format}`, await exportFile(e.id));
      toast({ tone: 'good', text: t('journal.exported', { count: e.rows, n: formatCount(e.rows, language) }) });
      forget();
      setNow(null);
    } catch (e) {
      setError(e);
    }
  };
  const close = () => {
    forget();
    setNow(null);
    setError(null);
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
        </Menu.Dropdown>
      </Menu>
      <Modal opened={now !== null || error !== null} onClose={close} closeOnClickOutside={false} title={<Text fw={600}>{t('journal.exporting')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
        {error !== null ? (
          <Failure error={error} />
        ) : (
          now && (
            <>
              <Progress value={now.progress * 100} aria-label={t('journal.exporting')} animated />
              <Text size="sm" mt="sm" role="status">
                {t('journal.exportedRows', { count: now.rows, n: formatCount(now.rows, language) })}
              </Text>
            </>
          )
        )}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={close}>
            {t(error !== null ? 'common.close' : 'common.cancel')}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
