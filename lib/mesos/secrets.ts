import type {
  CommandInfo,
  ContainerInfo,
  ExecutorInfo,
  Secret,
  TaskInfo,
  Volume,
  VolumeSource,
} from "./v1/core.ts"

/**
 * What tasks, executors and containers look like without the values of their secrets: names and kinds
 * stay. Whatever is stored or shown goes through here; what holds no secret is returned as it is.
 */

/** The secret without its value. A named secret holds none. */
export const secretWithoutValue = (secret: Secret): Secret => {
  if (secret.value === undefined) return secret
  const { value: _value, ...rest } = secret
  return rest
}

/** A task without the values of its secrets. */
export function taskWithoutSecrets(task: TaskInfo): TaskInfo {
  const { command, container, executor, healthCheck, check } = task
  return changed(task, {
    command: command && commandWithoutSecrets(command),
    container: container && containerWithoutSecrets(container),
    executor: executor && executorWithoutSecrets(executor),
    healthCheck:
      healthCheck?.command &&
      changed(healthCheck, { command: commandWithoutSecrets(healthCheck.command) }),
    check:
      check?.command?.command &&
      changed(check, {
        command: changed(check.command, { command: commandWithoutSecrets(check.command.command) }),
      }),
  })
}

/** An executor without the values of its secrets. */
export function executorWithoutSecrets(executor: ExecutorInfo): ExecutorInfo {
  const { command, container } = executor
  return changed(executor, {
    command: command && commandWithoutSecrets(command),
    container: container && containerWithoutSecrets(container),
  })
}

/** A command without the values of its secret variables. */
export function commandWithoutSecrets(command: CommandInfo): CommandInfo {
  const { environment } = command
  if (environment?.variables === undefined) return command
  const variables = mapChanged(environment.variables, (variable) =>
    variable.secret === undefined
      ? variable
      : changed(variable, { secret: secretWithoutValue(variable.secret) }),
  )
  return changed(command, { environment: changed(environment, { variables }) })
}

/** A container without the values of secret volumes, CSI secrets and the credentials of its image. */
export function containerWithoutSecrets(container: ContainerInfo): ContainerInfo {
  const { volumes, mesos } = container
  const config = mesos?.image?.docker?.config
  return changed(container, {
    volumes: volumes && mapChanged(volumes, volumeWithoutSecrets),
    mesos:
      mesos?.image?.docker &&
      config &&
      changed(mesos, {
        image: changed(mesos.image, {
          docker: changed(mesos.image.docker, { config: secretWithoutValue(config) }),
        }),
      }),
  })
}

function volumeWithoutSecrets(volume: Volume): Volume {
  const { image, source } = volume
  const config = image?.docker?.config
  return changed(volume, {
    image:
      image?.docker &&
      config &&
      changed(image, { docker: changed(image.docker, { config: secretWithoutValue(config) }) }),
    source: source && sourceWithoutSecrets(source),
  })
}

function sourceWithoutSecrets(source: VolumeSource): VolumeSource {
  const { secret, csiVolume } = source
  const provisioning = csiVolume?.staticProvisioning
  return changed(source, {
    secret: secret && secretWithoutValue(secret),
    csiVolume:
      csiVolume &&
      provisioning &&
      changed(csiVolume, {
        staticProvisioning: changed(provisioning, {
          nodeStageSecrets:
            provisioning.nodeStageSecrets && eachHidden(provisioning.nodeStageSecrets),
          nodePublishSecrets:
            provisioning.nodePublishSecrets && eachHidden(provisioning.nodePublishSecrets),
        }),
      }),
  })
}

function eachHidden(secrets: Readonly<Record<string, Secret>>): Readonly<Record<string, Secret>> {
  const hidden = Object.entries(secrets).map(
    ([name, secret]) => [name, secretWithoutValue(secret)] as const,
  )
  const same = hidden.every(([name, secret]) => secret === secrets[name])
  return same ? secrets : Object.fromEntries(hidden)
}

/** The value with those members that differ; the value itself when none does. */
function changed<T extends object>(value: T, members: Partial<T>): T {
  let result = value
  for (const [name, member] of Object.entries(members))
    if (member !== undefined && member !== value[name as keyof T])
      result = { ...result, [name]: member }
  return result
}

/** The list with each element replaced; the list itself when nothing is. */
function mapChanged<T>(list: readonly T[], replace: (element: T) => T): readonly T[] {
  const replaced = list.map(replace)
  return replaced.every((element, index) => element === list[index]) ? list : replaced
}
