/** Who runs a health check and how: without MESOS_ (and not COMMAND) Marathon itself does. */
export type HealthProtocol =
  | "HTTP"
  | "HTTPS"
  | "TCP"
  | "COMMAND"
  | "MESOS_HTTP"
  | "MESOS_HTTPS"
  | "MESOS_TCP"

/** One health check of an app; times in seconds. At most one of `port` and `portIndex`. */
export type HealthCheck = {
  readonly protocol: HealthProtocol
  readonly path?: string | undefined
  /** A fixed port instead of one of the app's. */
  readonly port?: number | undefined
  /** Position in portDefinitions, or in the container's portMappings. */
  readonly portIndex?: number | undefined
  /** The shell command of "COMMAND". */
  readonly command?: { readonly value: string } | undefined
  readonly gracePeriodSeconds: number
  readonly intervalSeconds: number
  readonly timeoutSeconds: number
  readonly maxConsecutiveFailures: number
  readonly delaySeconds: number
  readonly ignoreHttp1xx: boolean
  readonly ipProtocol: "IPv4" | "IPv6"
}

/** A command line of a check: for the shell, or as an argument vector. */
export type CheckCommand = { readonly shell: string } | { readonly argv: readonly string[] }

/** A check that the agent runs and only reports; times in seconds. Exactly one of the three kinds. */
export type Check = {
  readonly http?:
    | {
        readonly port?: number | undefined
        readonly portIndex?: number | undefined
        readonly path?: string | undefined
        readonly scheme: "HTTP" | "HTTPS"
      }
    | undefined
  readonly tcp?:
    | { readonly port?: number | undefined; readonly portIndex?: number | undefined }
    | undefined
  readonly exec?: { readonly command: CheckCommand } | undefined
  readonly intervalSeconds: number
  readonly timeoutSeconds: number
  readonly delaySeconds: number
}

/** When a started instance may take traffic during a deployment; times in seconds. */
export type ReadinessCheck = {
  readonly name: string
  readonly protocol: "HTTP" | "HTTPS"
  readonly path: string
  readonly portName: string
  readonly intervalSeconds: number
  readonly timeoutSeconds: number
  readonly httpStatusCodesForReady: readonly number[]
  readonly preserveLastResponse: boolean
}

/** Whether the agent runs the check (and kills), rather than Marathon. */
export const isAgentRun = (check: HealthCheck): boolean =>
  check.protocol === "COMMAND" || check.protocol.startsWith("MESOS_")
