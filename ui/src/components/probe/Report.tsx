import type { TestReport } from '@/api/probe/shapes';
import { useWords } from '@/i18n';
import { formatMilliseconds } from '@/lib/format';
import css from './Probe.module.css';
import { Steps } from './Steps';

const checks = ['start', 'health', 'balance', 'connect', 'send'] as const;

/** How a test ended, with everything that was sent and answered. */
export function Report({ report: r }: { report: TestReport }) {
  const { t, language } = useWords();
  const check = checks.find((c) => c === r.checked) ?? 'start';
  const tone = r.ok ? css.good : r.unknown ? css.warn : css.bad;
  return (
    <div data-ok={r.ok}>
      <div className={`${css.verdict} ${tone}`} role="status">
        {r.ok ? t(`probe.good.${check}`) : r.unknown ? t('probe.unknown') : t('probe.bad')} {r.error && <span>{r.error}</span>} <span className="dim nowrap">({formatMilliseconds(r.took_ms, language)})</span>
      </div>
      {r.steps.length > 0 && <Steps steps={r.steps} took={r.took_ms} />}
    </div>
  );
}
