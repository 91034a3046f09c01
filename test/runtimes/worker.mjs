// The thin runner of workerd: a worker that answers a request with what came of it, as JSON.
import assert from 'node:assert/strict';
import { suite } from './suite.mjs';
import { supportOf } from './support.mjs';
import { tally } from './tally.mjs';

export default {
  async fetch(_request, { RECEIVER_URL: url }) {
    return Response.json({ ...(await tally(suite, { assert, url })), support: await supportOf(url) });
  },
};
