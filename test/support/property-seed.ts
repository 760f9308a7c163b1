// Property tests draw the same cases every time, so that a run says the same twice; PROPERTY_SEED=<number> explores others.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 20_260_101) });
