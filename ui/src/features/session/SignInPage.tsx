import { useEffect } from 'react';
import { Mark } from '@/components/Brand';
import { LanguageButton, ThemeButton } from '@/components/Look';
import { useWords } from '@/i18n';
import { Cords } from './Cords';
import { LoginForm } from './LoginForm';
import css from './SignIn.module.css';

export function SignInPage() {
  const { t } = useWords();
  useEffect(() => {
    document.title = `${t('signIn.title')} — Patchbay`;
  }, [t]);
  return (
    <div className={css.screen}>
      <div className={css.side}>
        <div className={css.brand}>
          <Mark size={30} />
          <span>Patchbay</span>
        </div>
        <Cords className={css.cords} />
        <p className={css.lead}>{t('signIn.lead')}</p>
      </div>
      <main className={css.main}>
        <div className={css.tools}>
          <LanguageButton />
          <ThemeButton />
        </div>
        <div className={css.form}>
          <div>
            <h1>{t('signIn.title')}</h1>
            <div className="dim">{t('signIn.product')}</div>
          </div>
          <LoginForm />
        </div>
      </main>
    </div>
  );
}
