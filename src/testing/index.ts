export { type FakeClock, type FakeClockOptions, fakeClock } from './fake-clock.js';
export type { Fault } from './fault-proxy/fault.js';
export { type FaultProxy, type FaultProxyOptions, faultProxy } from './fault-proxy.js';
export type { CreateStore, StoreUnderTest } from './idempotency-store-conformance/store-case.js';
export { type IdempotencyStoreConformanceOptions, idempotencyStoreConformance } from './idempotency-store-conformance.js';
export {
  type RecordedSend,
  type ScriptedTransport,
  type ScriptedTransportOptions,
  scriptedTransport,
} from './scripted-transport.js';
export type { DestinationBehaviour, TransportSubject } from './transport-conformance/destination-behaviour.js';
export type { CreateTransport, TransportUnderTest } from './transport-conformance/transport-case.js';
export { type TransportConformanceOptions, transportConformance } from './transport-conformance.js';
export type { ScriptedStep, TransportScript } from './transport-script.js';
