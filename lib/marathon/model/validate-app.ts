import type { AppSpec } from "./app.ts"
import { decimal, requireFeature } from "./check.ts"
import type { CheckContext } from "./check.ts"
import { countPorts, portNames } from "./health-ports.ts"
import { isResident, SINGLE_INSTANCE_LABEL } from "./resident.ts"
import { roleProblem } from "./role.ts"
import { checkContainer } from "./validate-container.ts"
import { checkHealth } from "./validate-health.ts"
import { checkNetworks } from "./validate-networks.ts"

/** Notes whatever is wrong with a complete app, seen by itself. */
export function checkApp(app: AppSpec, context: CheckContext): void {
  const { path, problems } = context
  const hasArgs = app.args.length > 0
  if (
    (app.cmd !== undefined && hasArgs) ||
    (app.cmd === undefined && !hasArgs && app.container === undefined)
  )
    problems.add(
      path,
      "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
    )
  checkResources(app, context)
  checkStrategies(app, context)
  checkRoles(app, context)
  checkSecrets(app, context)
  checkLabels(app, context)
  checkNetworks(app, context)
  checkContainer(app, context)
  checkHealth(app, { ...context, ports: countPorts(app), names: portNames(app) })
}

function checkResources(app: AppSpec, context: CheckContext): void {
  const { path, problems } = context
  for (const name of ["cpus", "mem"] as const) {
    const limit = app.resourceLimits?.[name]
    if (typeof limit === "number" && limit < app[name])
      problems.add(
        `${path}/resourceLimits/${name}`,
        `resource limit must be greater than or equal to requested resource (${decimal(app[name])})`,
      )
  }
  if (app.gpus === 0) return
  requireFeature("gpu_resources", `${path}/gpus`, context)
  if (app.container?.type === "DOCKER")
    problems.add(path, "GPU resources only work with the Mesos containerizer")
}

function checkStrategies(app: AppSpec, { path, problems }: CheckContext): void {
  for (const name of ["minimumHealthCapacity", "maximumOverCapacity"] as const) {
    const share = app.upgradeStrategy[name]
    if (share < 0 || share > 1)
      problems.add(
        `${path}/upgradeStrategy/${name}`,
        `got ${decimal(share)}, expected between 0.0 and 1.0`,
      )
  }
  const unreachable = app.unreachableStrategy
  if (unreachable === "disabled") return
  if (isResident(app))
    problems.add(
      `${path}/unreachableStrategy`,
      "unreachableStrategy must be disabled for resident tasks",
    )
  const { inactiveAfterSeconds: inactive, expungeAfterSeconds: expunge } = unreachable
  if (inactive > expunge)
    problems.add(
      `${path}/unreachableStrategy`,
      `inactiveAfterSeconds (${inactive}) must be less or equal to expungeAfterSeconds, which is ${expunge}`,
    )
}

function checkRoles(app: AppSpec, { path, problems }: CheckContext): void {
  const problem = roleProblem(app.role)
  if (problem !== undefined) problems.add(`${path}/role`, problem)
  if (isResident(app) && app.role === "*")
    problems.add(`${path}/role`, "Resident apps cannot have the role *")
  const accepted = app.acceptedResourceRoles
  if (accepted === undefined) return
  const at = `${path}/acceptedResourceRoles`
  if (accepted.length === 0) problems.add(at, "must not be empty")
  if (accepted.some((role) => role !== "*" && role !== app.role))
    problems.add(at, `acceptedResourceRoles can only contain * and ${app.role}`)
  if (isResident(app) && (accepted.length !== 1 || accepted[0] !== "*"))
    problems.add(at, 'A resident app must have `acceptedResourceRoles = ["*"]`.')
}

function checkSecrets(app: AppSpec, context: CheckContext): void {
  const { path, problems } = context
  const named = Object.entries(app.env).flatMap(([name, value]) =>
    typeof value === "string" ? [] : [{ at: `${path}/env/${name}`, secret: value.secret }],
  )
  app.container?.volumes.forEach((volume, i) => {
    if (volume.kind === "secret")
      named.push({ at: `${path}/container/volumes(${i})/secret`, secret: volume.secret })
  })
  const pull = app.container?.docker?.pullConfig
  if (pull !== undefined)
    named.push({ at: `${path}/container/docker/pullConfig/secret`, secret: pull.secret })
  if (named.length > 0 || Object.keys(app.secrets).length > 0)
    requireFeature("secrets", `${path}/secrets`, context)
  for (const { at, secret } of named)
    if (!Object.hasOwn(app.secrets, secret))
      problems.add(at, `references an undefined secret named '${secret}'`)
}

function checkLabels(app: AppSpec, { path, problems }: CheckContext): void {
  const { labels, upgradeStrategy } = app
  if (labels[SINGLE_INSTANCE_LABEL] === "true") {
    if (app.instances > 1) problems.add(path, "Single instance app may only have one instance")
    for (const name of ["minimumHealthCapacity", "maximumOverCapacity"] as const)
      if (upgradeStrategy[name] !== 0)
        problems.add(
          `${path}/upgradeStrategy/${name}`,
          `got ${decimal(upgradeStrategy[name])}, expected 0.0`,
        )
  }
  const migration = labels["DCOS_MIGRATION_API_VERSION"]
  if (migration === undefined) return
  if (migration !== "v1")
    problems.add(`${path}/labels`, "DCOS_MIGRATION_API_VERSION can only be set to v1")
  if (
    labels["DCOS_PACKAGE_FRAMEWORK_NAME"] === undefined ||
    labels["DCOS_MIGRATION_API_PATH"] === undefined
  )
    problems.add(
      `${path}/labels`,
      "DCOS_PACKAGE_FRAMEWORK_NAME and DCOS_MIGRATION_API_PATH must be defined when using DCOS_MIGRATION_API_VERSION",
    )
}
