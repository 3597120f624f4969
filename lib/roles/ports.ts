/**
 * Where the daemons listen unless told otherwise. The router moves to `unprivilegedRouter` without
 * root: 80 + 8000 would be Marathon's own port (docs/decisions/0007-router-port.md).
 */
export const DEFAULT_PORTS = {
  mesos: 5050,
  agent: 5051,
  marathon: 8080,
  router: 80,
  unprivilegedRouter: 8000,
} as const
