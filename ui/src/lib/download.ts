/** Hands something to the reader as a file. */
export function downloadBlob(name: string, blob: Blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function download(name: string, text: string) {
  downloadBlob(name, new Blob([text], { type: 'text/plain;charset=utf-8' }));
}
