import { checkNames } from '../options.js';
import { hmac } from './hmac.js';
import type { SignatureScheme } from './scheme.js';
import type { Secrets } from './secrets.js';

/** Settings of {@link github}. */
export interface GithubOptions {
  /**
   * 1 to 10 secrets of 16 to 512 bytes, used as the text they are. The header has room for one signature, so the first one signs;
   * any of them verifies.
   */
  readonly secrets: Secrets;
}

/**
 * Signatures in GitHub's dialect: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 over the body alone. Use it for receivers that
 * verify GitHub's webhooks, and to receive from GitHub itself. The id goes as `X-GitHub-Delivery`, as GitHub's does, unsigned.
 *
 * It proves who wrote the body, and neither when nor for whom: a message that was seen once can be sent again for ever. `verify`
 * vouches for no id and no time. Deduplicate by what the body says, or choose `standardWebhooks` where you can.
 *
 * @throws RingbackError `invalid-secret` for a secret that is too short; `invalid-option` for an option that it has not. Its
 * `verify` throws `invalid-signature`.
 * @example
 * ```ts
 * import { github } from 'ringback/signing';
 *
 * const scheme = github({ secrets: ["It's a Secret to Everybody"] });
 * const body = new TextEncoder().encode('Hello, World!');
 * const message = { id: 'msg_1', timestampMs: Date.now(), to: 'https://customer.example/', method: 'POST', headers: {}, body };
 * const headers = await scheme.sign(message);
 * console.log(headers['x-hub-signature-256']?.slice(0, 15)); // sha256=757107ea
 * await scheme.verify({ headers, body, nowMs: Date.now() });
 * ```
 */
export function github(options: GithubOptions): SignatureScheme {
  checkNames('github', options, ['secrets']);
  const scheme = hmac({
    secrets: options.secrets,
    header: 'x-hub-signature-256',
    format: 'sha256={signature}',
    idHeader: 'x-github-delivery',
  });
  return { ...scheme, name: 'github' };
}
