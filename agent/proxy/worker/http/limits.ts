// Time and size limits of client connections.

/** Clients that idle 75 s and more between requests are usual. */
export const clientIdleMs = 180_000;
/** A head must be complete within this time. */
export const clientHeadMs = 60_000;
/** After the last response, how long the client may take to close. */
export const clientClosingMs = 5_000;
export const maxHeadBytes = 64 * 1024;
