// Finding the Docker Engine, setting one up where that is allowed, and stopping what was started: for the command line, before any runtime exists.
export { engineAddress, EngineNotFound, findEngine } from './find-engine.ts';
export type { EngineSource, FoundEngine } from './find-engine.ts';
export { ensureEngine, restartEngine } from './ensure-engine.ts';
export type { EnsuredEngine, EnsureEngineOptions } from './ensure-engine.ts';
export { processId as startedEngine, startDockerd, stopDockerd as stopEngine } from './dockerd.ts';
