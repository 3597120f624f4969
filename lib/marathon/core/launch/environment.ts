import type { EnvironmentVariable } from "#lib/mesos/index.ts"
import type { App } from "#lib/marathon/model/index.ts"

/** What the environment of one task depends on beside its definition. */
export type EnvironmentContext = {
  readonly taskId: string
  readonly host: string
  /** One entry per port declaration: the host port, or null. */
  readonly hostPorts: readonly (number | null)[]
  /** The port that the task itself sees, per declaration. */
  readonly ports: readonly number[]
  readonly prefix: string
  readonly enforcesGroupRole: boolean
}

/** Labels whose name or value is longer are left out of the environment. */
const LABEL_NAME_LIMIT = 493
const LABEL_VALUE_LIMIT = 512

/**
 * The variables of a task in the order of their names; those that the app sets itself win.
 * Source: mesosphere/marathon: docs/docs/task-environment-vars.md.
 */
export function environmentOf(app: App, context: EnvironmentContext): EnvironmentVariable[] {
  const variables = new Map<string, EnvironmentVariable>()
  const set = (name: string, value: string): void => void variables.set(name, { name, value })
  for (const [name, value] of taskVariables(app, context)) set(name, value)
  for (const [name, value] of labelVariables(app)) set(name, value)
  for (const [name, value] of portVariables(app, context)) set(`${context.prefix}${name}`, value)
  set(`${context.prefix}HOST`, context.host)
  for (const [name, value] of Object.entries(app.env)) {
    if (typeof value === "string") set(name, value)
    else variables.set(name, secretVariable(app, name, value.secret))
  }
  return [...variables.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function taskVariables(app: App, context: EnvironmentContext): [string, string][] {
  const variables: [string, string][] = [
    ["MESOS_TASK_ID", context.taskId],
    ["MARATHON_APP_ID", app.id],
    ["MARATHON_APP_VERSION", app.version],
    ["MARATHON_APP_RESOURCE_CPUS", decimal(app.cpus)],
    ["MARATHON_APP_RESOURCE_MEM", decimal(app.mem)],
    ["MARATHON_APP_RESOURCE_DISK", decimal(app.disk)],
    ["MARATHON_APP_RESOURCE_GPUS", String(app.gpus)],
    ["MARATHON_APP_ENFORCE_GROUP_ROLE", context.enforcesGroupRole ? "TRUE" : "FALSE"],
  ]
  const image = app.container?.type === "DOCKER" ? app.container.docker?.image : undefined
  if (image !== undefined) variables.push(["MARATHON_APP_DOCKER_IMAGE", image])
  return variables
}

// Numbers are written as Scala writes doubles: "128.0", "0.5".
const decimal = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value))

function labelVariables(app: App): [string, string][] {
  const labels = Object.entries(app.labels)
    .filter(([name, value]) => name.length < LABEL_NAME_LIMIT && value.length < LABEL_VALUE_LIMIT)
    .map(([name, value]): [string, string] => [cleanName(name), value])
  const names = labels.map(([name]) => name).join(" ")
  return [
    ["MARATHON_APP_LABELS", names],
    ...labels.map(([name, value]): [string, string] => [`MARATHON_APP_LABEL_${name}`, value]),
  ]
}

const cleanName = (name: string): string => name.replace(/[^A-Za-z0-9_]+/g, "_").toUpperCase()

function portVariables(app: App, context: EnvironmentContext): [string, string][] {
  const variables: [string, string][] = []
  const declared = declaredPorts(app)
  context.ports.forEach((port, index) => {
    const { number, name } = declared[index] ?? { number: 0, name: undefined }
    variables.push([`PORT${index}`, String(port)])
    variables.push([`PORT_${number === 0 ? port : number}`, String(port)])
    if (name !== undefined) variables.push([`PORT_${name.toUpperCase()}`, String(port)])
  })
  const listed = context.ports.filter(
    (_, index) => context.hostPorts[index] !== null || declared[index]?.number === 0,
  )
  const [first] = listed
  if (first !== undefined) variables.push(["PORT", String(first)], ["PORTS", listed.join(",")])
  return variables
}

function declaredPorts(
  app: App,
): readonly { readonly number: number; readonly name: string | undefined }[] {
  if (app.networks.some((network) => network.mode === "host"))
    return app.portDefinitions.map(({ port, name }) => ({ number: port, name }))
  return (app.container?.portMappings ?? []).map(({ containerPort, name }) => ({
    number: containerPort,
    name,
  }))
}

function secretVariable(app: App, name: string, secret: string): EnvironmentVariable {
  const source = app.secrets[secret]?.source ?? secret
  return { name, type: "SECRET", secret: { type: "REFERENCE", reference: { name: source } } }
}
