import type { PortDefinition } from "./app.ts"
import type { Container } from "./container.ts"
import type { HealthCheck } from "./health.ts"

/** What an app declares ports with; only one of both kinds is in use. */
export type DeclaresPorts = {
  readonly portDefinitions: readonly PortDefinition[]
  readonly container?: Container | undefined
}

/** How many ports an app declares. */
export const countPorts = (app: DeclaresPorts): number =>
  app.portDefinitions.length + (app.container?.portMappings.length ?? 0)

/** The names of the ports that an app declares, in order; those without a name left out. */
export const portNames = (app: DeclaresPorts): readonly string[] =>
  [...app.portDefinitions, ...(app.container?.portMappings ?? [])].flatMap(({ name }) =>
    name === undefined ? [] : [name],
  )

/** Points the health checks that name no port at the first one, if the app has any. */
export const settleHealthChecks = (
  checks: readonly HealthCheck[],
  app: DeclaresPorts,
): readonly HealthCheck[] =>
  checks.map((check) =>
    check.protocol === "COMMAND" ||
    check.port !== undefined ||
    check.portIndex !== undefined ||
    countPorts(app) === 0
      ? check
      : { ...check, portIndex: 0 },
  )
