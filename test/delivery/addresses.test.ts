import { describe, expect, it } from 'vitest';
import { Addresses } from '../../src/delivery/addresses.js';
import { Destinations, destinationKey } from '../../src/delivery/destinations.js';
import { RingbackError, seededRandom } from '../../src/index.js';
import { fakeClock, scriptedTransport } from '../../src/testing/index.js';

const silent = (): void => {};

function partsOf(maxDestinations: number) {
  const hooks = { circuitChanged: silent, limitChanged: silent, released: silent };
  const [clock, random] = [fakeClock(), seededRandom(1)];
  const destinations = new Destinations({ pipeline: {}, budget: undefined, maxDestinations, clock, random, hooks });
  return { destinations, addresses: new Addresses([scriptedTransport([])], destinationKey, 10) };
}

describe('an address', () => {
  it('leads to the one pipeline of its destination, whatever its path', () => {
    const { destinations, addresses } = partsOf(10);
    const pipeline = destinations.pipelineAt(addresses.of('https://a.example/one'));
    expect(destinations.pipelineAt(addresses.of('https://a.example/two'))).toBe(pipeline);
    expect(destinations.pipeline('https://a.example')).toBe(pipeline);
    expect(destinations.pipelineAt(addresses.of('https://b.example/one'))).not.toBe(pipeline);
  });

  it("never splits a destination's state between two pipelines: what was evicted is looked up again", () => {
    const { destinations, addresses } = partsOf(1);
    const [one, two, other] = ['https://a.example/one', 'https://a.example/two', 'https://b.example/'];
    const evicted = destinations.pipelineAt(addresses.of(one));
    destinations.pipelineAt(addresses.of(other));
    expect(destinations.find('https://a.example')).toBeUndefined();
    const pipeline = destinations.pipelineAt(addresses.of(two));
    expect(pipeline).not.toBe(evicted);
    expect(destinations.pipelineAt(addresses.of(one))).toBe(pipeline);
  });

  it('is refused as its transport refuses it, where that says why', () => {
    const picky = (error: unknown): Addresses =>
      new Addresses(
        [
          {
            ...scriptedTransport([]),
            accepts: () => {
              throw error;
            },
          },
        ],
        destinationKey,
        10,
      );
    const malformed = new RingbackError('invalid-callback', 'no mailbox in it');
    expect(() => picky(malformed).of('mailto:')).toThrow(malformed);
    expect(() => picky(new Error('broken')).of('mailto:')).toThrow(expect.objectContaining({ code: 'unsupported-destination' }));
  });
});
