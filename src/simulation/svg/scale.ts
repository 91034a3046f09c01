/** From values to places on an axis, with the values to label. */
export interface Scale {
  readonly ticks: readonly number[];
  /** 0 at the axis's begin, 1 at its end. */
  at(value: number): number;
}

const MAX_TICKS = 5;

/** From 0 to a round number at or above `max`; the steps are 1, 2 or 5 of some power of ten. */
export function linearScale(max: number): Scale {
  const rough = (max > 0 ? max : 1) / (MAX_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) as number);
  const steps = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - 1e-9));
  const ticks = Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  return { ticks, at: (value) => value / (steps * step) };
}

/** Whole powers of ten around `min` … `max`, both above 0; what is below the least power lies on it. */
export function logScale(min: number, max: number): Scale {
  const from = Math.floor(Math.log10(min) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(max) - 1e-9));
  const every = Math.ceil((to - from) / (MAX_TICKS - 1));
  const ticks: number[] = [];
  for (let power = from; power <= to; power += every) ticks.push(Number((10 ** power).toPrecision(12)));
  return { ticks, at: (value) => Math.max(0, (Math.log10(value) - from) / (to - from)) };
}

/** A unit of time that gives a run's axis numbers of two or three digits. */
export function timeUnit(durationMs: number): { readonly name: string; readonly ms: number } {
  if (durationMs < 2_000) return { name: 'ms', ms: 1 };
  if (durationMs <= 600_000) return { name: 's', ms: 1_000 };
  if (durationMs <= 10 * 3_600_000) return { name: 'min', ms: 60_000 };
  return durationMs <= 10 * 86_400_000 ? { name: 'h', ms: 3_600_000 } : { name: 'days', ms: 86_400_000 };
}

/** A number as an axis shows it: `1,500`, `0.2`, `20k`. */
export function tickText(value: number): string {
  if (value >= 10_000_000) return `${plain(value / 1_000_000)}M`;
  return value >= 10_000 ? `${plain(value / 1_000)}k` : plain(value);
}

// Not toLocaleString: its commas are a matter of the machine's language data.
const plain = (value: number): string => {
  const [whole = '', part] = String(value).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? grouped : `${grouped}.${part}`;
};
