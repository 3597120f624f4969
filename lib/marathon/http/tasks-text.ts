import type { Instance } from "#lib/marathon/core/records.ts"
import type { App } from "#lib/marathon/model/index.ts"
import type { ApiRequest } from "./api-request.ts"
import { isRunning } from "./encode/task-counts.ts"
import { servicePorts } from "./encode/task.ts"
import { preferredType } from "./negotiate.ts"

/** Whether the client would rather have lines of text than JSON. */
export const wantsText = (request: ApiRequest): boolean =>
  preferredType(request.raw.headers.get("accept"), ["application/json", "text/plain"]) ===
  "text/plain"

/**
 * The running tasks of apps as scripts of load balancers read them: a line per app and service port,
 * cells ended by tabs. Source: mesosphere/marathon (1.9): …/api/EndpointsHelper.scala.
 */
export function tasksAsText({ view, query }: ApiRequest, apps: readonly App[]): Response {
  const networks = query.getAll("containerNetworks")
  const lines = apps.flatMap((app) =>
    linesOf(app, view.instances(app.id).filter(isRunning), networks),
  )
  return new Response(lines.join(""), { headers: { "Content-Type": "text/plain" } })
}

function linesOf(
  app: App,
  running: readonly Instance[],
  networks: readonly string[],
): readonly string[] {
  const id = app.id.slice(1).replaceAll("/", "_")
  const ports = servicePorts(app)
  const line = (port: string, endpoints: readonly string[]): string =>
    `${[id, port, ...endpoints].join("\t")}\t\n`
  if (ports.length === 0)
    return [
      line(
        " ",
        running.map(({ placement }) => placement?.host ?? ""),
      ),
    ]
  return ports.map((port, i) =>
    line(
      String(port),
      running.flatMap((instance) => endpointOf(app, { instance, index: i, networks })),
    ),
  )
}

type Place = {
  readonly instance: Instance
  readonly index: number
  readonly networks: readonly string[]
}

function endpointOf(app: App, { instance, index, networks }: Place): readonly string[] {
  const { task, placement } = instance
  const hostPort = task?.portsByIndex[index]
  if (hostPort !== undefined && hostPort !== null) return [`${placement?.host ?? ""}:${hostPort}`]
  const wanted =
    networks.includes("*") || app.networks.some(({ name }) => networks.includes(name ?? ""))
  const address = task?.ipAddresses[0]?.ipAddress
  const port = app.container?.portMappings[index]?.containerPort
  return wanted && address !== undefined && port !== undefined ? [`${address}:${port}`] : []
}
