import { Mark } from '@/components/Brand';
import { LanguageButton, ThemeButton } from '@/components/Look';
import { PasswordForm } from '@/components/PasswordForm';
import { useWords } from '@/i18n';
import { Cords } from './Cords';
import css from './SignIn.module.css';

/** An administrator chose the password: nothing else works before the user has one of their own. */
export function ForcedPasswordPage() {
  const { t } = useWords();
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
            <h1>{t('signIn.forced')}</h1>
            <div className="dim">{t('signIn.forcedText')}</div>
          </div>
          <PasswordForm />
        </div>
      </main>
    </div>
  );
}
