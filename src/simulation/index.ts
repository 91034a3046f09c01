export type { Arrivals } from './arrivals.js';
export type { ClientEnvironment, MakeClient, Send, SimulatedClient, SimulatedPipeline } from './client.js';
export { type SimulatedAnswer, SimulatedFailure, simulatedOutcome } from './failure.js';
export type { Fault } from './faults.js';
export type { ReceiverOptions } from './receiver.js';
export type { Series } from './series.js';
export type { ServiceTime } from './service-time.js';
export { type SimulationOptions, type SimulationResult, simulate } from './simulate.js';
export type { LatencySummary, Phase, Summary } from './summary.js';
