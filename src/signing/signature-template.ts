import { invalidOption } from '../options.js';

/** The words of a template for a header's value, such as `t={timestamp},v1={signature}`. */
export const SIGNATURE = '{signature}';
export const TIMESTAMP = '{timestamp}';

/** Visible ASCII, and spaces within: what a header's value carries through every server unchanged. */
const TEXT = /^[!-~](?:[ -~]*[!-~])?$/;
const MAX_LENGTH = 256;

/** Throws `invalid-option` for a template that could not be read back: what is written must have one meaning. */
export function checkTemplate(template: unknown): asserts template is string {
  const rule = `text with ${SIGNATURE} once, at most one ${TIMESTAMP} that does not touch it, and no other braces`;
  if (typeof template !== 'string' || template.length > MAX_LENGTH || !TEXT.test(template)) {
    throw invalidOption('format', rule, template);
  }
  const signatures = template.split(SIGNATURE).length - 1;
  const timestamps = template.split(TIMESTAMP).length - 1;
  const isOther = /[{}]/.test(template.replaceAll(SIGNATURE, '').replaceAll(TIMESTAMP, ''));
  const touching = template.includes(SIGNATURE + TIMESTAMP) || template.includes(TIMESTAMP + SIGNATURE);
  if (signatures !== 1 || timestamps > 1 || isOther || touching) throw invalidOption('format', rule, template);
}

/** A template with its words filled in. */
export const filled = (template: string, signature: string, timestamp: string): string =>
  template.replace(SIGNATURE, signature).replace(TIMESTAMP, timestamp);

/** What reads a template's text back, exactly: a signature has one length, and neither word can run over the text around it. */
export function patternOf(template: string, signatureLength: number): RegExp {
  const literal = template.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return new RegExp(
    `^${literal
      .replace('\\{signature\\}', `(?<signature>[A-Za-z0-9+/=_-]{${signatureLength}})`)
      .replace('\\{timestamp\\}', '(?<timestamp>[0-9]{1,11})')}$`,
  );
}
