import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Empty } from '@/components/Empty';
import { useWords } from '@/i18n';

export function NotFound() {
  const { t } = useWords();
  return (
    <Empty title={t('problem.notFoundTitle')} text={t('problem.notFoundText')}>
      <Button component={Link} to="/" variant="light">
        {t('problem.toOverview')}
      </Button>
    </Empty>
  );
}
