import { userStatus, type UserStatus } from '@/api/types';
import { Lamp } from '@/components/Lamp';
import { useWords } from '@/i18n';

export function Status({ status }: { status: UserStatus }) {
  const { t } = useWords();
  if (status === userStatus.active) return <Lamp tone="good">{t('users.active')}</Lamp>;
  if (status === userStatus.blocked) return <Lamp tone="bad">{t('users.blocked')}</Lamp>;
  return <Lamp tone="idle">{t('users.deleted')}</Lamp>;
}
