// What each string `Format` of the schema language demands: the names of apimachinery's checks, looked up by format.
import {
  isConfigMapKey, isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isEnvVarName, isPathSegmentName, isQualifiedName, isValidCIDR, isValidIP,
  isValidLabelValue, isValidPortName,
} from '../apimachinery/names.ts';
import type { Format } from './schema.ts';

const checks: Readonly<Record<Format, (text: string) => string[]>> = {
  dns1123Label: isDNS1123Label,
  dns1123Subdomain: isDNS1123Subdomain,
  dns1035Label: isDNS1035Label,
  qualifiedName: isQualifiedName,
  labelValue: isValidLabelValue,
  pathSegment: isPathSegmentName,
  ip: isValidIP,
  cidr: isValidCIDR,
  envVarName: isEnvVarName,
  configMapKey: isConfigMapKey,
  portName: isValidPortName,
  absolutePath: (text) => (text.startsWith('/') ? [] : ['must be an absolute path']),
};

/** What is wrong with `value` as a text of this format; empty when nothing is. Each message follows `Invalid value: "…": `. */
export const checkFormat = (format: Format, value: string): string[] => checks[format](value);
