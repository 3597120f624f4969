import type { CheckInfo, CommandInfo, HealthCheck } from "#lib/mesos/index.ts"
import { commandProblem } from "./command.ts"

type Times = {
  readonly delaySeconds?: number | undefined
  readonly intervalSeconds?: number | undefined
  readonly timeoutSeconds?: number | undefined
  readonly consecutiveFailures?: number | undefined
  readonly gracePeriodSeconds?: number | undefined
}

const TIMES = [
  ["delaySeconds", "delay_seconds"],
  ["intervalSeconds", "interval_seconds"],
  ["timeoutSeconds", "timeout_seconds"],
  ["gracePeriodSeconds", "grace_period_seconds"],
  ["consecutiveFailures", "consecutive_failures"],
] as const

/** The check with its type filled in, as old schedulers leave it out. */
export function inferHealthCheckType(check: HealthCheck): HealthCheck {
  if (check.type !== undefined) return check
  if (check.command !== undefined) return { ...check, type: "COMMAND" }
  return check.http === undefined ? check : { ...check, type: "HTTP" }
}

/**
 * Why a health check is refused, or undefined.
 * Source: apache/mesos: src/checks/health_checker.cpp (validation).
 */
export function healthCheckProblem(check: HealthCheck): string | undefined {
  switch (check.type) {
    case undefined:
      return "'health_check.type' must be set"
    case "COMMAND":
      return (
        commandCheckProblem("health_check", check.command) ?? timesProblem("health_check", check)
      )
    case "HTTP": {
      if (check.http === undefined) return "Expecting 'health_check.http' for an HTTP health check"
      const { scheme, path } = check.http
      if (scheme !== undefined && scheme !== "http" && scheme !== "https")
        return `Unsupported 'health_check.http.scheme': '${scheme}', expecting http or https`
      return pathProblem("health_check", path) ?? timesProblem("health_check", check)
    }
    case "TCP":
      if (check.tcp === undefined) return "Expecting 'health_check.tcp' for a TCP health check"
      return timesProblem("health_check", check)
    case "UNKNOWN":
      return "'health_check.type' UNKNOWN is not a valid health check type"
    default:
      return check.type satisfies never
  }
}

/** Why a check is refused, or undefined. Source: apache/mesos: src/checks/checker.cpp (validation). */
export function checkProblem(check: CheckInfo): string | undefined {
  switch (check.type) {
    case undefined:
      return "'check.type' must be set"
    case "COMMAND":
      return commandCheckProblem("check", check.command?.command) ?? timesProblem("check", check)
    case "HTTP":
      if (check.http === undefined) return "Expecting 'check.http' for an HTTP check"
      return pathProblem("check", check.http.path) ?? timesProblem("check", check)
    case "TCP":
      if (check.tcp === undefined) return "Expecting 'check.tcp' for a TCP check"
      return timesProblem("check", check)
    case "UNKNOWN":
      return "'check.type' UNKNOWN is not a valid check type"
    default:
      return check.type satisfies never
  }
}

function commandCheckProblem(field: string, command: CommandInfo | undefined): string | undefined {
  if (command === undefined) return `Expecting '${field}.command' for a COMMAND check`
  if (command.value === undefined || command.value === "")
    return `'${field}.command.value' must be set: the ${command.shell === false ? "executable" : "shell command"} to run`
  return commandProblem(`${field}.command`, command)
}

const pathProblem = (field: string, path: string | undefined): string | undefined =>
  path === undefined || path.startsWith("/")
    ? undefined
    : `The path '${path}' of '${field}.http' must start with '/'`

function timesProblem(field: string, times: Times): string | undefined {
  for (const [member, name] of TIMES) {
    const value = times[member]
    if (value !== undefined && !(value >= 0))
      return `'${field}.${name}' must be non-negative, not ${value}`
  }
  return undefined
}
