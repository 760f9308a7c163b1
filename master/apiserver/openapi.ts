import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { PathHandler } from './api-server.ts';
export const openApiHandlers = (_resources: readonly ResourceDefinition[]): PathHandler[] => [];
