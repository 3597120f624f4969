import type { AppSpec } from "../model/index.ts"

/** The service ports of an app in declaration order, 0 where none is assigned yet. */
export const servicePortsOf = (app: AppSpec): readonly number[] =>
  app.networks.some((network) => network.mode === "host")
    ? app.portDefinitions.map((definition) => definition.port)
    : (app.container?.portMappings ?? []).map((mapping) => mapping.servicePort)

/** Gives out free service ports, lowest first; made anew for each change of the root group. */
export class PortChooser {
  readonly #max: number
  readonly #isUsed: (port: number) => boolean
  readonly #taken = new Set<number>()
  #candidate: number

  constructor(min: number, max: number, isUsed: (port: number) => boolean) {
    this.#candidate = min
    this.#max = max
    this.#isUsed = isUsed
  }

  /** Keeps ports from being given out. */
  reserve(ports: readonly number[]): void {
    for (const port of ports) this.#taken.add(port)
  }

  /** The lowest free port, or undefined when there is none. */
  next(): number | undefined {
    while (this.#candidate < this.#max) {
      const port = this.#candidate++
      if (!this.#taken.has(port) && !this.#isUsed(port)) return port
    }
    return undefined
  }
}

/**
 * Replaces every service port 0: first by ports that the app had already, then by the lowest free
 * ones. Undefined when none is free. Source: marathon-api reference, end of section 2.3.
 */
export function assignServicePorts<T extends AppSpec>(
  app: T,
  previous: readonly number[],
  chooser: PortChooser,
): T | undefined {
  const declared = servicePortsOf(app)
  chooser.reserve(declared)
  if (!declared.includes(0)) return app
  const kept = previous.filter((port) => port !== 0 && !declared.includes(port))
  const assigned: number[] = []
  for (const port of declared) {
    const chosen = port !== 0 ? port : (kept.shift() ?? chooser.next())
    if (chosen === undefined) return undefined
    assigned.push(chosen)
  }
  return withServicePorts(app, assigned)
}

function withServicePorts<T extends AppSpec>(app: T, ports: readonly number[]): T {
  if (app.networks.some((network) => network.mode === "host"))
    return {
      ...app,
      portDefinitions: app.portDefinitions.map((definition, index) => ({
        ...definition,
        port: ports[index] ?? definition.port,
      })),
    }
  const { container } = app
  if (container === undefined) return app
  const portMappings = container.portMappings.map((mapping, index) => ({
    ...mapping,
    servicePort: ports[index] ?? mapping.servicePort,
  }))
  return { ...app, container: { ...container, portMappings } }
}
