// What every benchmark is given, and the shape of one.
import type { BareEngine } from './bare-engine.ts';
import type { BenchCluster } from './cluster.ts';
import type { Figure } from './report.ts';

export interface BenchContext {
  /** One cluster for all, idle between the benchmarks. */
  readonly cluster: BenchCluster;
  readonly engine: BareEngine;
  readonly image: string;
  /** Path the image answers on port 80. */
  readonly path: string;
  /** How often everything is repeated; figures are medians. */
  readonly runs: number;
  readonly say: (text: string) => void;
}

export interface Benchmark { readonly name: string; run(context: BenchContext): Promise<Figure[]> }
