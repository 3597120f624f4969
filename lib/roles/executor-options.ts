import type { AgentSettings } from "./agent-options.ts"

/** How executors reach their agent and what they are told. */
export type ExecutorOptions = {
  /** More variables for every task and executor. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Whether calls without the token that their executor was given are refused. */
  readonly requireTokens: boolean
  /** File with the key that tokens are signed with; one of the agent's own by default. */
  readonly tokenKeyFile?: string | undefined
  /** Path of the socket at which executors find the agent beside its port; none by default. */
  readonly domainSocket?: string | undefined
}

/** What fits into the address of a socket, with its end. Source: unix(7). */
const SOCKET_PATH_BYTES_MAX = 107

/** Throws a `SettingError` for a wrong value. */
export function executorOptions(settings: AgentSettings, workDir: string): ExecutorOptions {
  return {
    environment: variables(settings),
    requireTokens: settings.on("authenticateHttpExecutors"),
    tokenKeyFile: settings.text("jwtSecretKey"),
    domainSocket: settings.on("httpExecutorDomainSockets")
      ? socketPath(settings, `${workDir}/agent.sock`)
      : undefined,
  }
}

function variables(settings: AgentSettings): Readonly<Record<string, string>> | undefined {
  const key = "executorEnvironmentVariables"
  const json = settings.json(key)
  if (json === undefined) return undefined
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return settings.refuse(key, 'must be a JSON object, such as {"PATH":"/bin:/usr/bin"}')
  for (const [name, value] of Object.entries(json)) {
    if (typeof value !== "string") return settings.refuse(key, `the value of ${name} is no string`)
    if (name === "" || name.includes("=") || `${name}${value}`.includes("\0"))
      return settings.refuse(key, `'${name}' cannot be a variable`)
  }
  return json as Record<string, string>
}

function socketPath(settings: AgentSettings, fallback: string): string {
  const key = "domainSocketLocation"
  const path = settings.text(key) ?? fallback
  if (path.startsWith("systemd:"))
    return settings.refuse(key, "sockets are not taken over from systemd: give a path")
  if (!path.startsWith("/")) return settings.refuse(key, `'${path}' is no absolute path`)
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX
    ? path
    : settings.refuse(
        key,
        `${path} is longer than the ${SOCKET_PATH_BYTES_MAX} bytes of a socket's path`,
      )
}
