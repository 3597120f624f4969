import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { AppSpec } from "../model/index.ts"
import type { Refusal } from "./command.ts"

/** The service ports of an app in declaration order, 0 where none is assigned yet. */
export const servicePortsOf = (app: AppSpec): readonly number[] =>
  app.networks.some((network) => network.mode === "host")
    ? app.portDefinitions.map((definition) => definition.port)
    : (app.container?.portMappings ?? []).map((mapping) => mapping.servicePort)

/** What assignment needs to know beside the app itself. */
export type PortContext = {
  readonly min: number
  readonly max: number
  /** The ports that the app had before, in order. */
  readonly previous: readonly number[]
  readonly isUsed: (port: number) => boolean
}

/**
 * Replaces every service port 0: first by ports that the app had already, then by the lowest free one
 * in [min, max). Source: marathon-api reference, end of section 2.3.
 */
export function assignServicePorts<T extends AppSpec>(
  app: T,
  context: PortContext,
): Result<T, Refusal> {
  const declared = servicePortsOf(app)
  if (!declared.includes(0)) return ok(app)
  const taken = new Set(declared)
  const kept = context.previous.filter((port) => port !== 0 && !taken.has(port))
  let candidate = context.min
  const assigned: number[] = []
  for (const port of declared) {
    let chosen: number | undefined = port === 0 ? kept.shift() : port
    while (chosen === undefined && candidate < context.max) {
      if (!taken.has(candidate) && !context.isUsed(candidate)) chosen = candidate
      candidate++
    }
    if (chosen === undefined)
      return err({ code: "portsExhausted", min: context.min, max: context.max })
    taken.add(chosen)
    assigned.push(chosen)
  }
  return ok(withServicePorts(app, assigned))
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
