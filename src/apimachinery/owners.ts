// Owner references: who controls an object, and the reference a controller puts on what it makes.
// upstream: apimachinery/pkg/apis/meta/v1/controller_ref.go

export interface OwnerRef { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean; blockOwnerDeletion?: boolean }
/** As much of an object as ownership needs. */
export interface Owned { readonly metadata: { readonly ownerReferences?: readonly OwnerRef[] } }
export interface Owner { readonly metadata: { readonly name: string; readonly uid: string } }

/** The reference to the managing controller, when there is one. */
export const controllerOf = (object: Owned): OwnerRef | undefined => object.metadata.ownerReferences?.find((reference) => reference.controller === true);

/** Whether any owner reference of `object` points at `owner`, by UID. */
export const ownedBy = (object: Owned, owner: Owner): boolean => object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false;

/** Whether `owner` is the managing controller of `object`. */
export const controlledBy = (object: Owned, owner: Owner): boolean => controllerOf(object)?.uid === owner.metadata.uid;

/** The reference that makes `owner` the managing controller; `type` is its kind (a resource definition will do). */
export const newControllerRef = (owner: Owner, type: { readonly apiVersion: string; readonly kind: string }): OwnerRef => ({
  apiVersion: type.apiVersion, kind: type.kind, name: owner.metadata.name, uid: owner.metadata.uid, blockOwnerDeletion: true, controller: true,
});
