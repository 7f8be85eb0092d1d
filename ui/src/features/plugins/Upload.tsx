import { Button, Group, Modal, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { IconCertificate, IconFileUpload, IconPackage, IconX } from '@tabler/icons-react';
import { useRef, useState, type DragEvent } from 'react';
import { keys } from '@/api/keys';
import { uploadPlugin } from '@/api/plugins/upload';
import { Failure } from '@/components/Failure';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { formatBytes } from '@/lib/format';
import css from '@/components/plugin/Plugin.module.css';

/** Hands a plugin file over. Nothing of it runs until somebody brings the version into force. */
export function Upload({ onClose }: { onClose: () => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [signature, setSignature] = useState<File | null>(null);
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const take = (list: FileList | null) => {
    setError(null);
    for (const f of list ?? []) {
      if (/\.(minisig|sig)$/i.test(f.name)) setSignature(f);
      else setFile(f);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  const send = async () => {
    if (!file) return;
    setBusy(true);
    setError(null);
    try {
      const { id, file: made } = await uploadPlugin(file, signature);
      toast({ tone: 'good', text: t('plugins.uploaded', { id, version: made.version }) });
      await client.invalidateQueries({ queryKey: keys.plugins });
      await navigate({ to: '/plugins/$id', params: { id }, search: { tab: undefined } });
      onClose();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={() => !busy && onClose()} size="lg" title={<Text fw={600}>{t('plugins.uploadTitle')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <div
        className={css.drop}
        data-over={over}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <IconFileUpload size={28} stroke={1.4} aria-hidden />
        <div>{t('plugins.dropHere')}</div>
        <input
          ref={input}
          type="file"
          multiple
          accept=".wasm,.minisig"
          hidden
          aria-label={t('plugins.chooseFiles')}
          onChange={(e) => {
            take(e.currentTarget.files);
            e.currentTarget.value = '';
          }}
        />
        <Button variant="default" onClick={() => input.current?.click()} data-autofocus>
          {t('plugins.chooseFiles')}
        </Button>
      </div>
      {file && <Chosen sign={<IconPackage size={18} stroke={1.5} aria-hidden />} name={file.name} note={formatBytes(file.size, language)} onClear={() => setFile(null)} />}
      {signature && <Chosen sign={<IconCertificate size={18} stroke={1.5} aria-hidden />} name={signature.name} note={t('plugins.signature')} onClear={() => setSignature(null)} />}
      <Text size="sm" c="dimmed" mt="sm">
        {t(file && !signature ? 'plugins.noSignature' : 'plugins.uploadNote')}
      </Text>
      {error !== null && (
        <div style={{ marginTop: 12 }}>
          <Failure error={error} what={t('plugins.uploadFailed')} />
        </div>
      )}
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={onClose} disabled={busy}>
          {t('common.cancel')}
        </Button>
        <Button onClick={() => void send()} loading={busy} disabled={!file}>
          {t('plugins.upload')}
        </Button>
      </Group>
    </Modal>
  );
}

function Chosen({ sign, name, note, onClear }: { sign: React.ReactNode; name: string; note: string; onClear: () => void }) {
  const { t } = useWords();
  return (
    <div className={css.file}>
      {sign}
      <span className="grow clip mono">{name}</span>
      <span className="dim nowrap">{note}</span>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={onClear} aria-label={t('plugins.takeAway', { name })}>
        <IconX size={15} aria-hidden />
      </Button>
    </div>
  );
}
