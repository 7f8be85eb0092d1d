/**
 * Where the panel is. The gateway puts a relative <base> into the page, so the
 * panel works below any prefix that a proxy adds.
 */
const base = new URL(document.baseURI);

// From now on absolute: the address of the page changes without loading it anew.
document.querySelector('base')?.setAttribute('href', base.href);

/** Path of the panel with slashes at both ends: "/admin/" or "/gateway/admin/". */
export const panelPath = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;

/** Address of a route of the administration API; path begins with a slash. */
export function apiUrl(path: string): string {
  return new URL(`${panelPath}api/v1${path}`, base).href;
}

/** Address of something that the gateway serves beside the panel. */
export function gatewayUrl(path: string): string {
  return new URL(`${panelPath}..${path}`, base).href;
}

/** The nonce that allows style elements of the component library. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="patchbay-nonce"]')?.content ?? '';
