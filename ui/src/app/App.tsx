import { MantineProvider, localStorageColorSchemeManager } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { lazy, Suspense, useEffect } from 'react';
import { createQueryClient } from '@/api/query';
import { useSessionState } from '@/api/session';
import { Toasts } from '@/components/Toasts';
import { styleNonce } from '@/lib/base';
import { Crash } from './Crash';
import { createPanelRouter } from './router';
import { theme, variables } from './theme';

const SignInPage = lazy(() => import('@/features/session/SignInPage').then((m) => ({ default: m.SignInPage })));
const ForcedPasswordPage = lazy(() => import('@/features/session/ForcedPasswordPage').then((m) => ({ default: m.ForcedPasswordPage })));

// For the library that stops the page from scrolling behind a dialog.
if (styleNonce) setNonce(styleNonce);

const client = createQueryClient();
const router = createPanelRouter(client);
const schemes = localStorageColorSchemeManager({ key: 'patchbay:theme' });

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" colorSchemeManager={schemes} getStyleNonce={() => styleNonce}>
      <QueryClientProvider client={client}>
        <Crash>
          <Suspense>
            <Gate />
          </Suspense>
        </Crash>
        <Toasts />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Gate() {
  const now = useSessionState();
  const out = now.status === 'out';
  useEffect(() => {
    // What one user saw is not for the next one.
    if (out) client.clear();
  }, [out]);
  if (now.status === 'restoring') return null;
  if (now.status === 'out') return <SignInPage />;
  if (now.session.must_change) return <ForcedPasswordPage />;
  return <RouterProvider router={router} />;
}
