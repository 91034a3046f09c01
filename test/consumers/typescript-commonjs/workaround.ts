// For `module: node16`, and for `nodenext` before TypeScript 5.8: the package is imported when it is first needed, its types by name.
import type { Receipt, Ringback } from 'ringback' with { 'resolution-mode': 'import' };

let ringback: Promise<Ringback> | undefined;

async function create(): Promise<Ringback> {
  const { createRingback } = await import('ringback');
  const { http } = await import('ringback/http');
  return createRingback({ transports: [http()] });
}

export async function paid(): Promise<Receipt> {
  ringback ??= create();
  return (await ringback).deliver({ to: 'https://customer.example', data: { id: 'in_42' } });
}
