import { Checkbox, NumberInput, SegmentedControl, Select, TagsInput, Textarea } from '@mantine/core';
import { useMay } from '@/api/session';
import { userStatus, type Limits, type Role, type User } from '@/api/types';
import { asApiError } from '@/api/error';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { ActionLimits } from './ActionLimits';

type Values = Pick<User, 'status' | 'role' | 'allowed_ips' | 'limits' | 'note' | 'must_change'>;

interface Props {
  values: Values;
  set: (change: Partial<Values>) => void;
  error?: unknown;
  /** A user that is being created has no status yet. */
  fresh?: boolean;
}

/** Who a user is and from where and how often they may come. */
export function AccessForm({ values, set, error, fresh }: Props) {
  const { t } = useWords();
  const may = useMay('administrator');
  const at = (pointer: string) => {
    const v = error ? asApiError(error).violations.find((x) => x.pointer === pointer || x.pointer.startsWith(`${pointer}/`)) : undefined;
    return v && sayFault(v, t);
  };
  const all = values.limits.all;
  const setAll = (change: { per_second?: number; burst?: number } | null) => {
    const limits: Limits = { ...values.limits };
    if (change === null) delete limits.all;
    else limits.all = { per_second: 1, ...all, ...change };
    if (limits.all && limits.all.burst === undefined) delete limits.all.burst;
    set({ limits });
  };
  return (
    <div style={{ display: 'grid', gap: 18, maxWidth: 620 }}>
      {!fresh && (
        <div>
          <div id="user-status" style={{ fontSize: 13.5, fontWeight: 500, marginBottom: 4 }}>
            {t('users.status')}
          </div>
          <SegmentedControl
            aria-labelledby="user-status"
            value={String(values.status)}
            disabled={!may}
            onChange={(v) => set({ status: Number(v) as User['status'] })}
            data={[
              { value: String(userStatus.active), label: t('users.active') },
              { value: String(userStatus.blocked), label: t('users.blocked') },
            ]}
          />
          {values.status === userStatus.blocked && <div className="dim" style={{ fontSize: 12.5, marginTop: 4 }}>{t('users.blockedHelp')}</div>}
        </div>
      )}
      <Select
        label={t('account.role')}
        description={t(`users.roleHelp.${values.role}`)}
        data={(['integrator', 'auditor', 'manager', 'administrator'] as const).map((role) => ({ value: role, label: t(`roles.${role}`) }))}
        value={values.role}
        onChange={(role) => role && set({ role: role as Role })}
        allowDeselect={false}
        disabled={!may}
        error={at('/role')}
        maw={320}
      />
      <TagsInput
        label={t('users.addresses')}
        description={t('users.addressesHelp')}
        placeholder={values.allowed_ips.length === 0 ? t('users.anywhere') : undefined}
        value={values.allowed_ips}
        onChange={(allowed_ips) => set({ allowed_ips })}
        splitChars={[',', ' ', ';']}
        disabled={!may}
        error={at('/allowed_ips')}
        acceptValueOnBlur
        clearable
        clearButtonProps={{ 'aria-label': t('common.clear') }}
      />
      <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
        <legend style={{ fontSize: 13.5, fontWeight: 500, padding: 0 }}>{t('users.limit')}</legend>
        <div className="dim" style={{ fontSize: 12.5, margin: '2px 0 6px' }}>
          {t('users.limitHelp')}
        </div>
        <div style={{ display: 'flex', gap: 12, flexWrap: 'wrap' }}>
          <NumberInput
            label={t('users.limitPerSecond')}
            value={all?.per_second ?? ''}
            onChange={(v) => setAll(v === '' ? null : { per_second: Number(v) })}
            placeholder={t('users.limitDefault')}
            min={0}
            disabled={!may}
            error={at('/limits/all/per_second')}
            hideControls
            w={190}
          />
          <NumberInput
            label={t('modules.limitBurst')}
            value={all?.burst || ''}
            onChange={(v) => setAll({ burst: v === '' ? undefined : Number(v) })}
            min={0}
            allowDecimal={false}
            disabled={!may || !all}
            error={at('/limits/all/burst')}
            hideControls
            w={190}
          />
        </div>
        <div style={{ marginTop: 14 }}>
          <div className="dim" style={{ fontSize: 12.5, margin: '0 0 8px' }}>
            {t('users.limitActionHelp')}
          </div>
          <ActionLimits
            limits={values.limits.actions ?? {}}
            onChange={(actions) => {
              const { actions: _, ...rest } = values.limits;
              set({ limits: Object.keys(actions).length === 0 ? rest : { ...rest, actions } });
            }}
            disabled={!may}
          />
          {at('/limits') && <p style={{ color: 'var(--pb-bad)', margin: '6px 0 0', fontSize: 13 }}>{at('/limits')}</p>}
        </div>
      </fieldset>
      <Textarea label={t('users.note')} description={t('users.noteHelp')} value={values.note} onChange={(e) => set({ note: e.currentTarget.value })} disabled={!may} error={at('/note')} maxLength={1000} autosize minRows={2} />
      <Checkbox label={t('users.mustChangeLong')} checked={values.must_change} onChange={(e) => set({ must_change: e.currentTarget.checked })} disabled={!may} />
    </div>
  );
}
