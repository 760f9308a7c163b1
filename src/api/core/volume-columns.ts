// Texts that the tables of claims and volumes share. (upstream: pkg/apis/core/v1/helper/helpers.go)
import type { ObjectHead } from '../../schema/resource.ts';

/** Named the class before there was a field. */
export const storageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

export const storageClassOf = ({ metadata, spec }: ObjectHead & { spec: { storageClassName?: string } }): string => metadata.annotations?.[storageClassAnnotation] ?? spec.storageClassName ?? '';

const shortModes = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
export const accessModesText = (modes: readonly string[] | null | undefined): string =>
  Object.entries(shortModes).filter(([mode]) => modes?.includes(mode)).map(([, short]) => short).join(',');

/** What is said of the annotation that was the class before there was a field. */
export const useClassName = 'deprecated since v1.8; use "storageClassName" attribute instead';
