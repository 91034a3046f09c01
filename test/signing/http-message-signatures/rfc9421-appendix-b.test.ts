import { describe, expect, it } from 'vitest';
import { claimedComponents, claimedSignatures } from '../../../src/signing/http-message-signatures/claimed-signatures.js';
import { componentOption } from '../../../src/signing/http-message-signatures/components.js';
import { checkContentDigest, contentDigest } from '../../../src/signing/http-message-signatures/content-digest.js';
import { parseKey } from '../../../src/signing/http-message-signatures/key.js';
import { requestTarget } from '../../../src/signing/http-message-signatures/request-target.js';
import { signatureBase } from '../../../src/signing/http-message-signatures/signature-base.js';
import { httpMessageSignatures } from '../../../src/signing/http-message-signatures.js';
import type { ReceivedMessage } from '../../../src/signing/scheme.js';
import { CREATED_MS, EXAMPLES, KEYS, PUBLIC_KEYS, REQUEST, RESPONSE_EXAMPLE } from './rfc9421-appendix-b.js';

const refuse = (fault: string): never => {
  throw new Error(fault);
};

const signedRequest = ({ method, url, headers }: (typeof EXAMPLES)[number]['request']) => {
  const target = requestTarget(url);
  return target === undefined ? refuse('no target') : { method, target, headers: headers as ReceivedMessage['headers'] };
};

/** Unlike ECDSA and RSA-PSS, which draw random numbers. */
const DETERMINISTIC: readonly string[] = ['hmac-sha256', 'ed25519'];

describe.each(EXAMPLES)('RFC 9421 $name', (example) => {
  const { label, request, key, components, lines, parameters, signature } = example;
  const headers = {
    ...(request.headers as Record<string, string | readonly string[]>),
    'Signature-Input': `${label}=${parameters}`,
    Signature: `${label}=:${signature}:`,
  };
  const base = Buffer.from([...lines, `"@signature-params": ${parameters}`].join('\n'));
  const parsed = parseKey('key', key);

  it('gives its signature base, byte for byte, from the components as they are named here', () => {
    const chosen = components.map((name) => componentOption('component', name));
    expect(signatureBase(chosen, parameters, signedRequest(request), refuse)).toBe(base.toString());
  });

  it('gives its signature base, byte for byte, from its headers', () => {
    const [claimed, ...more] = claimedSignatures(headers);
    if (claimed === undefined) throw new Error('nothing was claimed');
    expect(more).toEqual([]);
    expect(claimed.keyId).toBe(key.keyId);
    expect(signatureBase(claimedComponents(claimed.list), claimed.list.text, signedRequest(request), refuse)).toBe(
      base.toString(),
    );
    expect(parsed.verify(base, claimed.signature)).toBe(true);
  });

  it('holds its signature for true, and none of another base', () => {
    expect(parsed.verify(base, Buffer.from(signature, 'base64'))).toBe(true);
    expect(parsed.verify(Buffer.concat([base, Buffer.from('\n')]), Buffer.from(signature, 'base64'))).toBe(false);
  });

  it('gives its signature, byte for byte, or one that is as true', () => {
    const made = parsed.sign?.(base) ?? refuse('a private key signs');
    expect(parsed.verify(base, made)).toBe(true);
    expect(made.toString('base64') === signature).toBe(DETERMINISTIC.includes(key.algorithm));
  });
});

describe('RFC 9421 B.2', () => {
  it('has requests whose digests fit', () => {
    expect(contentDigest(REQUEST.body, 'sha-512')).toBe(REQUEST.headers['Content-Digest']);
    expect(contentDigest(RESPONSE_EXAMPLE.body, 'sha-512')).toBe(RESPONSE_EXAMPLE.contentDigest);
    checkContentDigest(RESPONSE_EXAMPLE.contentDigest, RESPONSE_EXAMPLE.body);
  });

  it('B.2.4 is verified by ECDSA, public key and private key alike', () => {
    for (const key of [KEYS.eccP256, PUBLIC_KEYS.eccP256]) {
      const { verify } = parseKey('key', key);
      expect(verify(Buffer.from(RESPONSE_EXAMPLE.base), Buffer.from(RESPONSE_EXAMPLE.signature, 'base64'))).toBe(true);
    }
  });

  it('B.2.2 and B.2.3 cover the body, and are verified as they came', () => {
    const [, b22, b23] = EXAMPLES;
    for (const { label, parameters, signature, components } of [b22, b23]) {
      const tag = label === 'sig-b22' ? { tag: 'header-example' } : {};
      const scheme = httpMessageSignatures({ secrets: [PUBLIC_KEYS.rsaPss], components, idHeader: false, ...tag });
      const headers = { ...REQUEST.headers, 'Signature-Input': `${label}=${parameters}`, Signature: `${label}=:${signature}:` };
      expect(scheme.verify({ ...REQUEST, headers, nowMs: CREATED_MS })).toEqual({ timestampMs: CREATED_MS });
    }
  });

  it('B.2.5 does not cover the body, so nothing vouches for it', () => {
    const { label, parameters, signature, components } = EXAMPLES[3];
    const scheme = httpMessageSignatures({ secrets: [KEYS.sharedSecret], components, idHeader: false });
    const headers = { ...REQUEST.headers, 'Signature-Input': `${label}=${parameters}`, Signature: `${label}=:${signature}:` };
    expect(() => scheme.verify({ ...REQUEST, headers, nowMs: CREATED_MS })).toThrow('"content-digest" is not covered');
  });
});
