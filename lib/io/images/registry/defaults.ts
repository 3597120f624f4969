/** Where Docker keeps the certificates of registries. */
export const DEFAULT_CERTIFICATES = "/etc/docker/certs.d"

/** Milliseconds until a registry that has not begun to answer never will. */
export const DEFAULT_ANSWER_MS = 30_000

/** Milliseconds without a byte after which a connection is taken for dead. */
export const DEFAULT_STALL_MS = 60_000
