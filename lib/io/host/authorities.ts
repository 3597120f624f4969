import { getCACertificates } from "node:tls"

/**
 * The certificates of the authorities that connections trust: Bun's own go with the executable, those of
 * the system are where operators add theirs, and where curl looks.
 */
export const trustedAuthorities = (): string[] => [
  ...new Set([...getCACertificates("default"), ...getCACertificates("system")]),
]
