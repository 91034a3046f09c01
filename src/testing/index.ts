export { type FakeClock, type FakeClockOptions, fakeClock } from './fake-clock.js';
export type { CreateStore, StoreUnderTest } from './idempotency-store-conformance/store-case.js';
export { type IdempotencyStoreConformanceOptions, idempotencyStoreConformance } from './idempotency-store-conformance.js';
export {
  type RecordedSend,
  type ScriptedTransport,
  type ScriptedTransportOptions,
  scriptedTransport,
} from './scripted-transport.js';
export type { ScriptedStep, TransportScript } from './transport-script.js';
