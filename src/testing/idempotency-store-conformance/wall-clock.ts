/**
 * Runs work while this process's wall clock is off by `byMs`: what a client with a wrong clock sees. The platform's `Date` is
 * replaced while it lasts, so nothing that reads it may run beside.
 */
export async function withWallClockOff<T>(byMs: number, work: () => Promise<T>): Promise<T> {
  const { Date: platform } = globalThis;
  const nowMs = (): number => Reflect.apply(platform.now, platform, []) + byMs;
  globalThis.Date = new Proxy(platform, {
    get: (target, name) => (name === 'now' ? nowMs : Reflect.get(target, name)),
    construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [nowMs()] : given, made),
    apply: () => new globalThis.Date(nowMs()).toString(),
  });
  try {
    return await work();
  } finally {
    globalThis.Date = platform;
  }
}
