import { Button, SegmentedControl, Switch, Textarea } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconDownload, IconFolderOpen } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { asApiError } from '@/api/error';
import { useMay } from '@/api/session';
import { applyDocument, documentQuery, planDocument, type Plan, type Proposal, type Target } from '@/api/setup/document';
import { useWords } from '@/i18n';
import { sayViolation } from '@/i18n/problem';
import { download } from '@/lib/download';
import { CopyButton } from '../CopyText';
import { Failure } from '../Failure';
import { Leave } from '../Leave';
import { Loading } from '../Loading';
import { Panel } from '../Panel';
import { toast } from '../toasts';
import { Differences } from './Differences';
import css from './Document.module.css';

type Form = 'hcl' | 'json';

/** A part of the configuration as text: write it, look at what would change, apply it. */
export function DocumentEditor({ target }: { target: Target }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [users, setUsers] = useState(false);
  const { data, error, refetch } = useQuery({ ...documentQuery(target, users), placeholderData: (before) => before });
  const [form, setForm] = useState<Form>('hcl');
  const [text, setText] = useState<string | null>(null);
  const [plan, setPlan] = useState<{ plan: Plan; of: Proposal } | null>(null);
  const [prune, setPrune] = useState(false);
  const [busy, setBusy] = useState<'plan' | 'apply' | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [broken, setBroken] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const result = useRef<HTMLDivElement>(null);
  const may = useMay(target === 'all' ? 'administrator' : 'manager');
  const mayPlan = useMay(target === 'all' ? 'manager' : 'auditor');
  const all = target === 'all';

  useEffect(() => {
    if (plan || failure) result.current?.scrollIntoView({ block: 'nearest' });
  }, [plan, failure]);

  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Panel><Loading lines={8} /></Panel>;

  const original = form === 'hcl' ? data.hcl : pretty(data.json);
  const shown = text ?? original;
  const dirty = text !== null && text !== original;
  const edit = (next: string) => {
    setText(next);
    setPlan(null);
    setFailure(null);
    setBroken('');
  };
  const reset = () => {
    setText(null);
    setPlan(null);
    setFailure(null);
    setBroken('');
  };
  const proposal = (): Proposal | null => {
    const more = all && prune ? { prune } : {};
    if (form === 'hcl') return { hcl: shown, ...more };
    try {
      return { json: JSON.parse(shown) as unknown, ...more };
    } catch (e) {
      setBroken(t('mistake.json', { want: e instanceof Error ? e.message : '' }));
      return null;
    }
  };
  /** The gateway turns one form into the other; what is written stays. */
  const turn = async (next: Form) => {
    if (next === form) return;
    if (!dirty) {
      setForm(next);
      reset();
      return;
    }
    const of = proposal();
    if (!of) return;
    setBusy('plan');
    try {
      const turned = await planDocument(target, of);
      setForm(next);
      setText(next === 'hcl' ? turned.hcl : pretty(turned.json));
      setPlan(null);
    } catch (e) {
      setFailure(e);
    } finally {
      setBusy(null);
    }
  };
  const look = async () => {
    const of = proposal();
    if (!of) return;
    setBusy('plan');
    setFailure(null);
    try {
      setPlan({ plan: await planDocument(target, of), of });
    } catch (e) {
      setPlan(null);
      setFailure(e);
    } finally {
      setBusy(null);
    }
  };
  const apply = async () => {
    if (!plan) return;
    setBusy('apply');
    setFailure(null);
    try {
      await applyDocument(target, plan.of, data.state_version);
      toast({ tone: 'good', text: t('setup.applied') });
      reset();
      void client.invalidateQueries();
    } catch (e) {
      setFailure(e);
      // The look was at an older state: what would change now must be seen first.
      if (asApiError(e).stale) {
        setPlan(null);
        await refetch();
      }
    } finally {
      setBusy(null);
    }
  };
  const open = async (chosen: File | undefined) => {
    if (!chosen) return;
    setForm(chosen.name.endsWith('.json') ? 'json' : 'hcl');
    edit(await chosen.text());
  };
  const name = all ? 'patchbay' : target.name;
  return (
    <>
      <Panel
        title={t(all ? 'setup.whole' : 'setup.block')}
        tools={
          <>
            <SegmentedControl size="xs" aria-label={t('setup.form')} value={form} onChange={(v) => void turn(v as Form)} data={[{ value: 'hcl', label: 'HCL' }, { value: 'json', label: 'JSON' }]} disabled={busy !== null} />
            {all && may && (
              <>
                <input ref={file} type="file" accept=".hcl,.json" hidden aria-label={t('setup.openFile')} onChange={(e) => void open(e.currentTarget.files?.[0])} />
                <Button size="compact-sm" variant="default" leftSection={<IconFolderOpen size={15} />} onClick={() => file.current?.click()}>
                  {t('setup.openFile')}
                </Button>
              </>
            )}
            <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} onClick={() => download(`${name}.${form}`, shown)}>
              {t('setup.download')}
            </Button>
            <CopyButton text={shown} />
          </>
        }
      >
        <Textarea
          aria-label={t(form === 'hcl' ? 'setup.asHCL' : 'setup.asJSON')}
          description={t(all ? 'setup.wholeHelp' : 'setup.blockHelp')}
          value={shown}
          onChange={(e) => edit(e.currentTarget.value)}
          error={broken || undefined}
          readOnly={!mayPlan || busy === 'apply'}
          autosize
          minRows={8}
          maxRows={all ? 26 : 22}
          spellCheck={false}
          className={css.editor}
        />
        {mayPlan && (
          <div className={css.bar}>
            {all && <Switch label={t('setup.prune')} checked={prune} onChange={(e) => { setPrune(e.currentTarget.checked); setPlan(null); }} />}
            {all && may && <Switch label={t('setup.users')} checked={users} disabled={dirty || busy !== null} onChange={(e) => { reset(); setUsers(e.currentTarget.checked); }} />}
            <div className={css.buttons}>
              {dirty && (
                <Button variant="default" onClick={reset} disabled={busy !== null}>
                  {t('common.discard')}
                </Button>
              )}
              <Button variant={plan ? 'default' : 'filled'} onClick={() => void look()} loading={busy === 'plan'} disabled={!dirty && !prune}>
                {t('setup.look')}
              </Button>
            </div>
          </div>
        )}
      </Panel>
      <div ref={result} style={{ marginTop: 14 }} aria-live="polite">
        {failure !== null && <Failure error={failure} what={t('setup.notApplied')} />}
        {plan && (
          <Panel title={t('setup.would')} note={t('setup.count', { count: plan.plan.differences.length })} flush={plan.plan.differences.length > 0} tools={may && plan.plan.differences.length > 0 && plan.plan.violations.length === 0 && (
            <Button size="xs" loading={busy === 'apply'} onClick={() => void apply()}>
              {t('setup.apply')}
            </Button>
          )}>
            {plan.plan.violations.length > 0 && (
              <ul style={{ color: 'var(--pb-bad)', fontSize: 13.5 }}>
                {plan.plan.violations.map((v, i) => <li key={i}>{sayViolation(v, t)}</li>)}
              </ul>
            )}
            {plan.plan.differences.length > 0 ? <Differences differences={plan.plan.differences} /> : <p style={{ margin: 0, fontSize: 13.5 }}>{t('setup.same')}</p>}
          </Panel>
        )}
      </div>
      <Leave unsaved={dirty && busy === null} />
    </>
  );
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
