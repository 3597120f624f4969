import type { CheckInfo, HealthCheck as MesosHealthCheck } from "#lib/mesos/index.ts"
import { isAgentRun } from "#lib/marathon/model/index.ts"
import type { App, HealthCheck } from "#lib/marathon/model/index.ts"
import type { TaskPorts } from "./container-info.ts"

/** The health check that the agent runs, if the app has one. Source: section 6.10. */
export function agentHealthCheck(app: App, ports: TaskPorts): MesosHealthCheck | undefined {
  const check = app.healthChecks.find(isAgentRun)
  if (check === undefined) return undefined
  const common = {
    delaySeconds: check.delaySeconds,
    intervalSeconds: check.intervalSeconds,
    timeoutSeconds: check.timeoutSeconds,
    gracePeriodSeconds: check.gracePeriodSeconds,
    consecutiveFailures: check.maxConsecutiveFailures,
  }
  if (check.protocol === "COMMAND")
    return {
      ...common,
      type: "COMMAND",
      command: { shell: true, value: check.command?.value ?? "" },
    }
  const port = portOf(app, check, ports)
  const protocol = check.ipProtocol
  if (check.protocol === "MESOS_TCP") return { ...common, type: "TCP", tcp: { port, protocol } }
  const scheme = check.protocol === "MESOS_HTTPS" ? "https" : "http"
  const path = check.path
  return { ...common, type: "HTTP", http: { port, protocol, scheme, path } }
}

/** The check that the agent runs and only reports, if the app has one. */
export function agentCheck(app: App, ports: TaskPorts): CheckInfo | undefined {
  const { check } = app
  if (check === undefined) return undefined
  const common = {
    delaySeconds: check.delaySeconds,
    intervalSeconds: check.intervalSeconds,
    timeoutSeconds: check.timeoutSeconds,
  }
  if (check.http !== undefined) {
    const http = { port: portOf(app, check.http, ports), path: check.http.path }
    return { ...common, type: "HTTP", http }
  }
  if (check.tcp !== undefined)
    return { ...common, type: "TCP", tcp: { port: portOf(app, check.tcp, ports) } }
  const line = check.exec?.command
  if (line === undefined) return undefined
  const command =
    "shell" in line
      ? { shell: true, value: line.shell }
      : { shell: false, value: line.argv[0], arguments: line.argv }
  return { ...common, type: "COMMAND", command: { command } }
}

// The agent checks from inside the task's network: the container's port there, the host's otherwise.
function portOf(
  app: App,
  check: Pick<HealthCheck, "port" | "portIndex">,
  ports: TaskPorts,
): number {
  if (check.port !== undefined) return check.port
  const index = check.portIndex ?? 0
  const inside = app.networks.every((network) => network.mode !== "host")
  const hostPort = ports.hostPorts[index] ?? 0
  return inside ? (ports.containerPorts[index] ?? hostPort) : hostPort
}
