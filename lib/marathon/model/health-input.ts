import { portNumber } from "./container-input.ts"
import type { Check, CheckCommand, HealthCheck, ReadinessCheck } from "./health.ts"
import { fallback, flag, integer, list, object, optional, required, text, word } from "./reader.ts"

const seconds = integer({ min: 0 })

/** Reads a health check. */
export const healthCheckInput = object<HealthCheck>({
  protocol: fallback(
    word("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"),
    "HTTP",
  ),
  path: optional(text()),
  port: optional(portNumber),
  portIndex: optional(integer({ min: 0 })),
  command: optional(object<{ value: string }>({ value: required(text({ minLength: 1 })) })),
  gracePeriodSeconds: fallback(seconds, 300),
  intervalSeconds: fallback(seconds, 60),
  timeoutSeconds: fallback(seconds, 20),
  maxConsecutiveFailures: fallback(integer({ min: 0 }), 3),
  delaySeconds: fallback(seconds, 15),
  ignoreHttp1xx: fallback(flag, false),
  ipProtocol: fallback(word("IPv4", "IPv6"), "IPv4"),
})

type CommandInput = { shell?: string | undefined; argv?: readonly string[] | undefined }

const command = object<CommandInput>({
  shell: optional(text({ minLength: 1 })),
  argv: optional(list(text())),
})

const port = { port: optional(portNumber), portIndex: optional(integer({ min: 0 })) }

/** Reads a check. */
export const checkInput = object<Check>({
  http: optional(
    object<NonNullable<Check["http"]>>({
      ...port,
      path: optional(text()),
      scheme: fallback(word("HTTP", "HTTPS"), "HTTP"),
    }),
  ),
  tcp: optional(object<NonNullable<Check["tcp"]>>(port)),
  exec: optional(
    object<NonNullable<Check["exec"]>>({
      command: required((value, path, problems): CheckCommand | undefined => {
        const read = command(value, path, problems)
        if (read?.shell !== undefined) return { shell: read.shell }
        if (read?.argv !== undefined && read.argv.length > 0) return { argv: read.argv }
        problems.add(path, "error.expected.jsobject")
        return undefined
      }),
    }),
  ),
  intervalSeconds: fallback(seconds, 60),
  timeoutSeconds: fallback(seconds, 20),
  delaySeconds: fallback(seconds, 15),
})

/** Reads a readiness check. */
export const readinessCheckInput = object<ReadinessCheck>({
  name: fallback(text({ minLength: 1 }), "readinessCheck"),
  protocol: fallback(word("HTTP", "HTTPS"), "HTTP"),
  path: fallback(text(), "/"),
  portName: fallback(text({ minLength: 1 }), "http-api"),
  intervalSeconds: fallback(seconds, 30),
  timeoutSeconds: fallback(seconds, 10),
  httpStatusCodesForReady: fallback(list(integer({ min: 100, max: 999 })), [200]),
  preserveLastResponse: fallback(flag, false),
})
