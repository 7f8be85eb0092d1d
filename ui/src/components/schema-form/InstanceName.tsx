import { Autocomplete, type AutocompleteProps } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { providersQuery } from '@/api/providers/list';
import { useWords } from '@/i18n';

/** The name of a connection that serves an extension point: those that there are, and any other. */
export function InstanceName({ point, value, ...rest }: { point: string; value: string } & Omit<AutocompleteProps, 'data' | 'value'>) {
  const { t } = useWords();
  const { data } = useQuery(providersQuery);
  const names = (data ?? []).filter((p) => p.points.includes(point)).map((p) => p.name);
  const missing = data !== undefined && value !== '' && !names.includes(value);
  return (
    <Autocomplete
      data={names}
      value={value}
      placeholder={t('form.instance')}
      description={missing ? t('form.noInstance') : undefined}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      spellCheck={false}
      {...rest}
    />
  );
}
