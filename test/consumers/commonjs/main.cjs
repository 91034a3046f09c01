const { createServer } = require('node:http');
const { createRingback, isRingbackError, resiliencePipeline } = require('ringback');
const { http } = require('ringback/http');
const { standardWebhooks } = require('ringback/signing');
const { fakeClock } = require('ringback/testing');

async function main() {
  const receiver = createServer((_request, response) => response.writeHead(204).end());
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const secret = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`;
  const ringback = createRingback({
    transports: [http({ allowPrivate: true })],
    signature: standardWebhooks({ secrets: [secret] }),
  });
  const receipt = await ringback.deliver({ to: `http://127.0.0.1:${receiver.address().port}/`, data: {} });
  console.log(`delivered after ${receipt.attempts.length} attempt`);
  await ringback.close();
  receiver.close();

  const clock = fakeClock();
  const slept = clock.sleep(60_000);
  await clock.advance(60_000);
  await slept;
  console.log(`version ${require('ringback/package.json').version}`);
  try {
    resiliencePipeline({ attemptTimeoutMs: -1 });
  } catch (error) {
    console.log(`refused: ${isRingbackError(error, 'invalid-option')}`);
  }
}

main();
