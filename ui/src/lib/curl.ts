/** A command for a POSIX shell; every text is quoted, whatever it holds. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function curl(url: string, token: string, body?: unknown): string {
  const lines = [`curl ${quote(url)}`, `  -H ${quote(`Authorization: Bearer ${token}`)}`];
  if (body !== undefined) lines.push(`  -H 'Content-Type: application/json'`, `  -d ${quote(JSON.stringify(body))}`);
  else lines.push(`  -X POST`);
  return lines.join(' \\\n');
}
