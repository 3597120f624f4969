import type { AppSpec } from "./app.ts"
import { isAgentRun } from "./health.ts"
import type { Check, HealthCheck } from "./health.ts"
import type { CheckContext } from "./check.ts"

type HealthContext = CheckContext & {
  /** How many ports the app declares. */
  readonly ports: number
  /** Their names. */
  readonly names: readonly string[]
}

/** Notes health, readiness and other checks that cannot be run for the app. */
export function checkHealth(app: AppSpec, context: HealthContext): void {
  const { path, problems } = context
  app.healthChecks.forEach((check, i) =>
    checkHealthCheck(check, app, { ...context, path: `${path}/healthChecks(${i})` }),
  )
  if (app.healthChecks.filter(isAgentRun).length > 1)
    problems.add(path, "AppDefinition can contain at most one Mesos health check")
  if (app.check !== undefined) checkCheck(app.check, app, context)
  checkReadiness(app, context)
}

const BAD_INDEX =
  "Health check port indices must address an element of the ports array or container port mappings."

function checkHealthCheck(check: HealthCheck, app: AppSpec, context: HealthContext): void {
  const { path, problems } = context
  const named = [check.port, check.portIndex].filter((port) => port !== undefined)
  if (check.protocol === "COMMAND") {
    if (check.command === undefined) problems.add(`${path}/command`, "not defined")
    if (named.length > 0 || check.path !== undefined)
      problems.add(path, "Invalid combination of HealthCheck parameters")
    return
  }
  if (check.command !== undefined || named.length > 1)
    problems.add(path, "Invalid combination of HealthCheck parameters")
  if (named.length === 0)
    problems.add(path, "HealthCheck must specify either a port or a portIndex")
  if (check.portIndex !== undefined && check.portIndex >= context.ports)
    problems.add(path, BAD_INDEX)
  if (check.ipProtocol === "IPv6" && !(app.container?.type === "DOCKER" && isAgentRun(check)))
    problems.add(
      path,
      "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks",
    )
}

function checkCheck(check: Check, app: AppSpec, context: HealthContext): void {
  const { problems } = context
  const path = `${context.path}/check`
  if (app.container?.type === "DOCKER")
    problems.add(context.path, "AppDefinition must not use 'checks' if using docker")
  const kinds = [check.http, check.tcp, check.exec].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) problems.add(path, "Only one of http, tcp, or command may be specified")
  for (const kind of [check.http, check.tcp])
    if (kind?.portIndex !== undefined && kind.portIndex >= context.ports)
      problems.add(path, BAD_INDEX)
}

function checkReadiness(app: AppSpec, { path, problems, names }: HealthContext): void {
  const at = `${path}/readinessChecks`
  if (app.readinessChecks.length > 1)
    problems.add(at, "may not contain more than one readiness check")
  app.readinessChecks.forEach((check, i) => {
    if (check.timeoutSeconds >= check.intervalSeconds)
      problems.add(
        `${at}(${i})/timeoutSeconds`,
        `got ${check.timeoutSeconds}, expected less than ${check.intervalSeconds}`,
      )
    if (!names.includes(check.portName))
      problems.add(
        `${at}(${i})/portName`,
        `No port definition reference for portName ${check.portName}`,
      )
  })
}
