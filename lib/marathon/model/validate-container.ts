import type { AppSpec } from "./app.ts"
import type { Container, Volume } from "./container.ts"
import { requireFeature } from "./check.ts"
import type { CheckContext } from "./check.ts"

/** Notes what is wrong with an app's container and its volumes. */
export function checkContainer(app: AppSpec, context: CheckContext): void {
  const { container } = app
  if (container === undefined) return
  const path = `${context.path}/container`
  const { problems } = context
  if (container.docker === undefined) {
    if (container.type === "DOCKER") problems.add(`${path}/docker`, "not defined")
  } else if (container.docker.image === "") {
    problems.add(`${path}/docker/image`, "must not be empty")
  }
  if (container.type === "DOCKER") checkDockerEngine(container, context)
  container.volumes.forEach((volume, i) =>
    checkVolume(volume, app, { ...context, path: `${path}/volumes(${i})` }),
  )
}

function checkDockerEngine(container: Container, context: CheckContext): void {
  const path = `${context.path}/container`
  if (container.docker?.pullConfig !== undefined)
    context.problems.add(
      `${path}/docker/pullConfig`,
      "pullConfig is not supported with Docker containerizer",
    )
  if (container.linuxInfo !== undefined) context.problems.add(`${path}/linuxInfo`, "must be empty")
}

function checkVolume(volume: Volume, app: AppSpec, context: CheckContext): void {
  switch (volume.kind) {
    case "host":
    case "secret": // Whether it is defined is checked with the other references to secrets.
      return
    case "persistent":
      return checkPersistent(volume, context)
    case "external":
      return checkExternal(volume, app, context)
    default:
      return volume satisfies never
  }
}

function checkPersistent(
  volume: Extract<Volume, { kind: "persistent" }>,
  { path, problems }: CheckContext,
): void {
  const { type, size, maxSize, constraints } = volume.persistent
  if (volume.mode !== "RW") problems.add(`${path}/mode`, "got RO, expected RW")
  if (volume.containerPath.includes("/"))
    problems.add(`${path}/containerPath`, 'value must not contain "/"')
  if (volume.containerPath === "." || volume.containerPath === "..")
    problems.add(`${path}/containerPath`, "value must not be . or ..")
  if (size <= 0) problems.add(`${path}/persistent/size`, `got ${size}, expected more than 0`)
  if (maxSize !== undefined && type !== "mount")
    problems.add(`${path}/persistent/maxSize`, "Only mount volumes can have maxSize")
  if (maxSize !== undefined && maxSize <= size)
    problems.add(`${path}/persistent/maxSize`, "Max size must be larger than size")
  if (constraints.length > 0 && type === "root")
    problems.add(`${path}/persistent/constraints`, "Constraints on root volumes are not supported")
  constraints.forEach(({ field, operator }, i) => {
    if (field !== "path" || operator !== "LIKE")
      problems.add(`${path}/persistent/constraints(${i})`, 'must be ["path","LIKE",<pattern>]')
  })
}

function checkExternal(
  volume: Extract<Volume, { kind: "external" }>,
  app: AppSpec,
  context: CheckContext,
): void {
  const { path, problems } = context
  requireFeature("external_volumes", path, context)
  const { external } = volume
  switch (external.provider) {
    case "dvdi":
      if (external.options["dvdi/driver"] === undefined)
        problems.add(`${path}/external/options`, 'must contain "dvdi/driver"')
      if (app.instances > 1)
        problems.add(
          path,
          `Number of instances is limited to 1 when declaring DVDI volumes in app [${app.id}]`,
        )
      return
    case "csi":
      if (app.container?.type === "DOCKER")
        problems.add(path, "CSI volumes are only supported with the Mesos containerizer")
      return
    default:
      return external satisfies never
  }
}
