import type {
  CommandInfo,
  ContainerInfo,
  Environment,
  EnvironmentVariable,
  Secret,
  Volume,
  VolumeSource,
} from "#lib/mesos/index.ts"

/** Why a command is refused, or undefined; `field` is where it stands. */
export const commandProblem = (field: string, { environment }: CommandInfo): string | undefined =>
  environment && environmentProblem(`${field}.environment`, environment)

/**
 * Why an environment is refused, or undefined.
 * Source: apache/mesos: src/common/validation.cpp (validateEnvironment).
 */
export function environmentProblem(
  field: string,
  { variables = [] }: Environment,
): string | undefined {
  for (const variable of variables) {
    const problem = variableProblem(variable)
    if (problem !== undefined)
      return `Environment variable '${variable.name}' of '${field}' ${problem}`
  }
  return undefined
}

function variableProblem({ type, value, secret }: EnvironmentVariable): string | undefined {
  switch (type) {
    case "SECRET":
      if (secret === undefined) return "of type 'SECRET' must have a secret set"
      if (value !== undefined) return "of type 'SECRET' must not have a value set"
      return secretProblem(secret)
    case "VALUE":
    case undefined:
      if (value === undefined) return "of type 'VALUE' must have a value set"
      return secret === undefined ? undefined : "of type 'VALUE' must not have a secret set"
    case "UNKNOWN":
      return "of type 'UNKNOWN' is not allowed"
    default:
      return type satisfies never
  }
}

function secretProblem({ type, reference, value }: Secret): string | undefined {
  switch (type) {
    case "REFERENCE":
      if (reference === undefined) return "has a secret of type REFERENCE without 'reference'"
      return value === undefined ? undefined : "has a secret of type REFERENCE with 'value'"
    case "VALUE":
      if (value === undefined) return "has a secret of type VALUE without 'value'"
      // What a container's environment cannot hold.
      if (atob(value.data).includes("\0")) return "has a secret with null bytes"
      return reference === undefined ? undefined : "has a secret of type VALUE with 'reference'"
    case "UNKNOWN":
    case undefined:
      return "has a secret of unknown type"
    default:
      return type satisfies never
  }
}

/**
 * Why a container is refused, or undefined; `field` is where it stands.
 * Source: apache/mesos: src/common/validation.cpp (validateContainerInfo).
 */
export function containerProblem(field: string, container: ContainerInfo): string | undefined {
  if (container.type === "DOCKER" && container.docker === undefined)
    return `'${field}.docker' must be set for a DOCKER container`
  for (const [index, volume] of (container.volumes ?? []).entries()) {
    const problem = volumeProblem(volume)
    if (problem !== undefined) return `'${field}.volumes[${index}]' ${problem}`
  }
  for (const { key } of container.docker?.parameters ?? [])
    if (key === "name")
      return `'${field}.docker.parameters' must not set 'name': the agent names the container`
  return undefined
}

function volumeProblem({ hostPath, image, source }: Volume): string | undefined {
  const given = [hostPath, image, source].filter((member) => member !== undefined)
  return given.length === 1
    ? source && sourceProblem(source)
    : "must have exactly one of 'host_path', 'image' and 'source'"
}

/** Source: apache/mesos: src/common/validation.cpp (validateVolume). */
function sourceProblem(source: VolumeSource): string | undefined {
  const lacks = (member: string, value: object | undefined): string | undefined =>
    value === undefined ? `must have 'source.${member}' when it is of that type` : undefined
  switch (source.type) {
    case "DOCKER_VOLUME":
      return lacks("docker_volume", source.dockerVolume)
    case "HOST_PATH":
      return lacks("host_path", source.hostPath)
    case "SANDBOX_PATH":
      return lacks("sandbox_path", source.sandboxPath)
    case "SECRET":
      return lacks("secret", source.secret)
    case "CSI_VOLUME":
      return (
        lacks("csi_volume", source.csiVolume) ??
        lacks("csi_volume.static_provisioning", source.csiVolume?.staticProvisioning)
      )
    case "UNKNOWN":
    case undefined:
      return "has a 'source.type' that is unknown"
    default:
      return source.type satisfies never
  }
}
