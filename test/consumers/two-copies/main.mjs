import * as first from 'ringback';
import * as second from 'ringback-again';

function errorOf({ resiliencePipeline }) {
  try {
    resiliencePipeline({ attemptTimeoutMs: -1 });
  } catch (error) {
    return error;
  }
}

console.log(`two copies: ${first.RingbackError !== second.RingbackError}`);
console.log(`instanceof across them: ${errorOf(second) instanceof first.RingbackError}`);
console.log(`isRingbackError across them: ${first.isRingbackError(errorOf(second)) && second.isRingbackError(errorOf(first))}`);
console.log(`with its code: ${first.isRingbackError(errorOf(second), 'invalid-option')}`);
console.log(`and no other error: ${first.isRingbackError(new Error('invalid-option'))}`);
