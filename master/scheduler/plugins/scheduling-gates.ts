// SchedulingGates: a Pod with gates waits until they are taken away. (upstream: pkg/scheduler/framework/plugins/schedulinggates)
import type { Plugin } from '../framework.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  curedBy: [],
  holdsBack: ({ spec }) => (spec.schedulingGates ?? []).length > 0,
};
