/** What signing and verifying a message of 1 KB costs, scheme by scheme. A section of the benchmark. */
import { BARE_HMAC, REFERENCE_SIGNER, STANDARD_WEBHOOKS } from './figures.ts';
import { type CallMaker, microPlan } from './micro.ts';
import * as schemes from './schemes.ts';
import { section } from './section.ts';

const CANDIDATES: Readonly<Record<string, schemes.SchemeMaker>> = {
  [BARE_HMAC]: schemes.bareHmac,
  [STANDARD_WEBHOOKS]: schemes.ours('standardWebhooks'),
  [REFERENCE_SIGNER]: schemes.standardWebhooksPackage,
  'svix, the package': schemes.svixPackage,
  'ringback stripe': schemes.ours('stripe'),
  'stripe, the package': schemes.stripePackage,
  'ringback github': schemes.ours('github'),
  '@octokit/webhooks-methods': schemes.octokitPackage,
  'ringback jwt, HS256': schemes.ours('jwt'),
  'jose, HS256': schemes.josePackage,
  'ringback httpMessageSignatures, HMAC': schemes.ours('httpMessageSignatures'),
  'http-message-signatures, HMAC': schemes.httpMessageSignaturesPackage,
};

/** What `of` takes out of each candidate; an arrow function for each, as mitata's loop is to find the same in all of them. */
function calls(of: (candidate: schemes.SignAndVerify) => () => unknown): Readonly<Record<string, CallMaker>> {
  const makers = Object.entries(CANDIDATES).map(([name, make]): [string, CallMaker] => [name, async () => of(await make())]);
  return Object.fromEntries(makers);
}

await section({
  signing: microPlan(calls((candidate) => () => candidate.sign())),
  verifying: microPlan(calls((candidate) => () => candidate.verify())),
});
