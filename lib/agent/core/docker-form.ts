import type { ContainerInfo, TaskInfo } from "#lib/mesos/index.ts"

/** The network that Marathon names for a MESOS container in mode "container/bridge". */
const MESOS_BRIDGE = "mesos-bridge"

/**
 * The task as Docker can run it: a MESOS container with a Docker image becomes the DOCKER container
 * that means the same. What the framework said stays in the books; only the runtime sees this. Other
 * tasks are returned as they are.
 */
export function dockerForm(task: TaskInfo): TaskInfo {
  const container = task.container
  const image = container?.type === "MESOS" ? container.mesos?.image : undefined
  if (container === undefined || image?.docker === undefined) return task
  const { mesos, ...rest } = container
  const [network] = container.networkInfos ?? []
  return {
    ...task,
    container: {
      ...rest,
      // The credentials of its registry: those of Docker have no other place.
      ...(image.docker.config === undefined ? {} : { mesos }),
      type: "DOCKER",
      docker: {
        image: image.docker.name,
        network: networkOf(container),
        ...(image.cached === false ? { forcePullImage: true } : {}),
        ...(network?.portMappings === undefined ? {} : { portMappings: network.portMappings }),
      },
    },
  }
}

function networkOf({ networkInfos = [] }: ContainerInfo): "HOST" | "BRIDGE" | "USER" {
  const [network] = networkInfos
  if (network?.name === undefined) return "HOST"
  return network.name === MESOS_BRIDGE ? "BRIDGE" : "USER"
}
