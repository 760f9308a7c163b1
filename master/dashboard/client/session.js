// Who is signed in: the token lives in this tab alone, for as long as it is open.

const key = 'dray.token';
const place = 'dray.namespace';
export const session = new EventTarget();

export const token = () => sessionStorage.getItem(key) ?? '';
export function signIn(value) { sessionStorage.setItem(key, value); }

/** Forgets the token; whoever shows pages hears of it, with the reason. */
export function signOut(reason = '') {
  sessionStorage.removeItem(key);
  session.dispatchEvent(new CustomEvent('signedout', { detail: reason }));
}

/** The namespace last chosen; '' is all of them. */
export const namespace = () => sessionStorage.getItem(place) ?? 'default';
export function chooseNamespace(value) { sessionStorage.setItem(place, value); }
