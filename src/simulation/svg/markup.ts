const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as XML takes it; control characters, which XML has no way to write, are left out. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, '')
    .replace(/[&<>"]/g, (character) => ESCAPES[character] as string);
}

/** A coordinate, to a tenth of a pixel. */
export const px = (value: number): string => String(Math.round(value * 10) / 10);

/** A text; its class says where it hangs and in which colour. */
export function textAt(x: number, y: number, className: string, text: string): string {
  return `<text x="${px(x)}" y="${px(y)}" class="${className}">${escapeXml(text)}</text>`;
}

/** Colours that differ in lightness too, for those who see few colours; the second of each pair is for a dark page. */
const COLOURS: readonly (readonly [light: string, dark: string])[] = [
  ['#0b62a4', '#5ab0ff'],
  ['#c74600', '#ff9459'],
  ['#007a5a', '#3ecf9c'],
  ['#a83a78', '#f08fc4'],
  ['#8a6500', '#e6b422'],
  ['#3a3a3a', '#d8d8d8'],
  ['#6a3fc4', '#b79cff'],
  ['#1683b5', '#8fd8ff'],
];

/** As many as can be told apart. */
export const MAX_COLOURS: number = COLOURS.length;

/** The style of every picture. Dashes tell neighbours apart where colours can't. */
export const STYLE: string = [
  'text{font:11px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,"DejaVu Sans",sans-serif;fill:#57606a}',
  '.name{font-size:14px;font-weight:600;fill:#1f2328}.title{font-weight:600;fill:#1f2328}.end{text-anchor:end}.middle{text-anchor:middle}',
  '.page{fill:#fff}.grid{stroke:#d8dee4;fill:none}.axis{stroke:#8c959f;fill:none}.fault{fill:#cf222e;fill-opacity:.1}.herd{stroke:#cf222e;stroke-opacity:.6}',
  '.line{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}.dashed{stroke-dasharray:4 4}.offered{stroke:#8c959f}',
  ...COLOURS.map(([light], i) => `.c${i}{stroke:${light}}`),
  '@media (prefers-color-scheme:dark){text{fill:#9198a1}.name,.title{fill:#f0f6fc}.page{fill:#0d1117}.grid{stroke:#2b3138}.axis{stroke:#656c76}',
  '.fault{fill:#ff7b72;fill-opacity:.16}.herd{stroke:#ff7b72}',
  ...COLOURS.map(([, dark], i) => `.c${i}{stroke:${dark}}`),
  '}',
].join('');
