import type { App, AppSpec } from "./app.ts"
import { encodeConstraint } from "./constraint.ts"
import type { Container, Volume } from "./container.ts"
import type { HealthCheck } from "./health.ts"

/** A JSON object on its way to the wire; members that are undefined are left out there. */
export type Encoded = { readonly [member: string]: unknown }

/**
 * An app as responses show it: only new forms, defaults written out, empty lists and maps left out
 * where the original leaves them out.
 * Source: mesosphere/marathon: …/raml/AppConversion.scala.
 */
export function encodeApp(app: AppSpec | App): Encoded {
  const onHost = app.networks.some((network) => network.mode === "host")
  return {
    id: app.id,
    acceptedResourceRoles: app.acceptedResourceRoles,
    args: unlessEmpty(app.args),
    backoffFactor: app.backoffFactor,
    backoffSeconds: app.backoffSeconds,
    check: app.check,
    cmd: app.cmd,
    constraints: unlessEmpty(app.constraints.map(encodeConstraint)),
    container: app.container && encodeContainer(app.container, onHost),
    cpus: app.cpus,
    dependencies: unlessEmpty(app.dependencies),
    disk: app.disk,
    env: unlessEmpty(app.env),
    executor: app.executor,
    executorResources: app.executorResources,
    fetch: unlessEmpty(app.fetch),
    gpus: app.gpus,
    healthChecks: unlessEmpty(app.healthChecks.map(encodeHealthCheck)),
    instances: app.instances,
    killSelection: app.killSelection,
    labels: app.labels,
    maxLaunchDelaySeconds: app.maxLaunchDelaySeconds,
    mem: app.mem,
    networks: app.networks.map(({ labels, ...network }) => ({
      ...network,
      labels: unlessEmpty(labels),
    })),
    portDefinitions: onHost ? app.portDefinitions : undefined,
    readinessChecks: unlessEmpty(app.readinessChecks),
    requirePorts: app.requirePorts,
    residency: app.residency,
    resourceLimits: app.resourceLimits,
    role: app.role,
    secrets: unlessEmpty(app.secrets),
    taskKillGracePeriodSeconds: app.taskKillGracePeriodSeconds,
    tty: app.tty,
    unreachableStrategy: app.unreachableStrategy,
    upgradeStrategy: app.upgradeStrategy,
    user: app.user,
    ...("version" in app ? { version: app.version, versionInfo: app.versionInfo } : {}),
  }
}

const unlessEmpty = <T extends object>(value: T): T | undefined =>
  (Array.isArray(value) ? value.length : Object.keys(value).length) === 0 ? undefined : value

function encodeContainer(container: Container, onHost: boolean): Encoded {
  return {
    type: container.type,
    docker: container.docker,
    linuxInfo: container.linuxInfo,
    portMappings: onHost
      ? undefined
      : container.portMappings.map(({ networkNames, ...mapping }) => ({
          ...mapping,
          networkNames: unlessEmpty(networkNames),
        })),
    volumes: container.volumes.map(encodeVolume),
  }
}

function encodeVolume(volume: Volume): Encoded {
  const { kind, ...members } = volume
  if (kind !== "persistent" || !("persistent" in members)) return members
  const { constraints, ...persistent } = members.persistent
  return {
    ...members,
    persistent: { ...persistent, constraints: unlessEmpty(constraints.map(encodeConstraint)) },
  }
}

function encodeHealthCheck(check: HealthCheck): Encoded {
  const { ignoreHttp1xx, ipProtocol, ...members } = check
  return {
    ...members,
    ...(check.protocol === "HTTP" || check.protocol === "HTTPS" ? { ignoreHttp1xx } : {}),
    ...(check.protocol === "COMMAND" ? {} : { ipProtocol }),
  }
}
