import type { AppSpec, Network } from "./app.ts"
import { hasRepeats } from "./deprecated.ts"
import { portNames } from "./health-ports.ts"
import type { CheckContext } from "./check.ts"

/** Notes networks that do not go together, and ports that do not fit them or each other. */
export function checkNetworks(app: AppSpec, { path, problems }: CheckContext): void {
  const at = `${path}/networks`
  const { networks } = app
  networks.forEach((network, i) => {
    const problem = networkProblem(network)
    if (problem !== undefined) problems.add(`${at}(${i})`, problem)
  })
  const containers = networks.filter((network) => network.mode === "container")
  if (networks.length > 1 && containers.length < networks.length)
    problems.add(
      at,
      "May specify a single host network, single bridge network, or else 1-to-n container networks",
    )
  if (hasRepeats(containers.map((network) => network.name)))
    problems.add(at, "Duplicate networks are not allowed")
  if (app.container?.type === "DOCKER" && containers.length > 1)
    problems.add(
      at,
      "may only specify a single container network when using the Docker container engine",
    )
  checkDefinitions(app, { path, problems })
  checkMappings(app, containers, { path, problems })
}

type Place = Pick<CheckContext, "path" | "problems">

function networkProblem({ mode, name, labels }: Network): string | undefined {
  switch (mode) {
    case "host":
      return name === undefined && Object.keys(labels).length === 0
        ? undefined
        : "Host networks may not have names or labels"
    case "container/bridge":
      return name === undefined ? undefined : "Bridge networks may not have names"
    case "container":
      return undefined
    default:
      return mode satisfies never
  }
}

function checkDefinitions(app: AppSpec, { path, problems }: Place): void {
  const at = `${path}/portDefinitions`
  if (app.portDefinitions.length > 0 && hasRepeats(portNames(app)))
    problems.add(at, "Port names must be unique.")
  const ports = app.portDefinitions.map(({ port }) => port).filter((port) => port !== 0)
  if (hasRepeats(ports)) problems.add(at, "Ports must be unique.")
}

function checkMappings(
  app: AppSpec,
  containers: readonly Network[],
  { path, problems }: Place,
): void {
  const at = `${path}/container/portMappings`
  const mappings = app.container?.portMappings ?? []
  if (mappings.length > 0 && hasRepeats(portNames(app)))
    problems.add(at, "Port names must be unique.")
  const hostPorts = mappings.flatMap(({ hostPort, protocol }) =>
    hostPort === undefined || hostPort === 0
      ? []
      : protocol.split(",").map((one) => `${hostPort}/${one}`),
  )
  if (hasRepeats(hostPorts)) problems.add(at, "Ports must be unique.")
  const names = containers.map((network) => network.name)
  mappings.forEach((mapping, i) => {
    if (
      containers.length > 1 &&
      mapping.hostPort !== undefined &&
      mapping.networkNames.length !== 1
    )
      problems.add(
        `${at}(${i})`,
        "networkNames must be a single item list when hostPort is specified and more than 1 container network is defined",
      )
    mapping.networkNames.forEach((name, n) => {
      if (!names.includes(name))
        problems.add(`${at}(${i})/networkNames(${n})`, `is not one of (${names.join(",")})`)
    })
  })
}
