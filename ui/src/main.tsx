import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { restoreSession } from './api/session';
import { startLanguage } from './i18n';
import './app/theme.css';

const root = createRoot(document.getElementById('panel')!);
await Promise.all([startLanguage(), restoreSession()]);
root.render(<App />);
