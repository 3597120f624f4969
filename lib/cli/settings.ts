import { err, ok, type Result } from "#lib/std/result.ts"
import type { Files } from "./context.ts"
import type { Config, ConfigValue } from "./toml.ts"

/** The settings in force for this call: those of the current cluster, the environment on top. */
export interface Settings {
  /** The value as text, or undefined when it is set nowhere. */
  get(key: string): string | undefined
}

/** Every key the client itself reads, with what it is for. */
export const SETTING_DESCRIPTIONS: Readonly<Record<string, string>> = {
  "cluster.name": "human readable name of the cluster",
  "core.dcos_acs_token": "token sent with every request",
  "core.dcos_url": "address of the cluster",
  "core.mesos_master_url": "address of the Mesos master, when it is not behind core.dcos_url",
  "core.pagination": "whether long JSON is shown through a pager",
  "core.prompt_login": "whether to ask for a login when the token has expired",
  "core.reporting": "accepted for old scripts, without effect",
  "core.ssh_proxy_ip": "address of the proxy host of `dcos node ssh`",
  "core.ssh_user": "user of `dcos node ssh`",
  "core.ssl_verify": "whether to verify certificates, or the path of a CA file",
  "core.timeout": "seconds to wait for an answer; 0 waits for ever",
  "job.service_name": "name of the service behind `dcos job`",
  "job.url": "address of the job service, when it is not behind core.dcos_url",
  "marathon.url": "address of Marathon, when it is not behind core.dcos_url",
  "package.cosmos_url": "address of the package service, when it is not behind core.dcos_url",
}

const BOOLEAN_KEYS = new Set(["core.pagination", "core.prompt_login", "core.reporting"])
const URL_KEYS = new Set(Object.keys(SETTING_DESCRIPTIONS).filter((key) => key.endsWith("url")))
const BOOLEAN_WORDS = /^(?:1|t|true|0|f|false)$/i

/** Keys that were read from a variable of another name than the rule gives. */
const VARIABLE_ALIASES: Readonly<Record<string, string>> = {
  "core.dcos_url": "DCOS_URL",
  "core.dcos_acs_token": "DCOS_ACS_TOKEN",
}

/**
 * The environment variables that override a key: `core.foo` is `DCOS_FOO`, `sec.foo` is
 * `DCOS_SEC_FOO`. Source: dcos/dcos-cli 0.5 (`dcos/config.py`).
 */
export function variablesOf(key: string): readonly string[] {
  const name = `DCOS_${key
    .replace(/^core\./, "")
    .replaceAll(".", "_")
    .toUpperCase()}`
  const alias = VARIABLE_ALIASES[key]
  return alias === undefined ? [name] : [alias, name]
}

/** Settings from a configuration and an environment. An empty variable counts as absent. */
export function createSettings(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  return {
    get(key) {
      const variable = variablesOf(key).find((name) => (env[name] ?? "") !== "")
      if (variable !== undefined) return env[variable]
      const value = config.get(key)
      return value === undefined ? undefined : renderValue(value)
    },
  }
}

/** A value as `config show` prints it. */
export const renderValue = (value: ConfigValue): string =>
  typeof value === "object" ? `[${value.map((item) => `"${item}"`).join(", ")}]` : String(value)

/** What `config set` stores for a text; the rejection is the message to show. */
export async function parseSetting(
  key: string,
  text: string,
  files: Pick<Files, "exists">,
): Promise<Result<ConfigValue, string>> {
  if (key === "core.timeout") {
    if (/^\d{1,9}$/.test(text)) return ok(Number(text))
    return err(`unable to cast "${text}" of type string to int64`)
  }
  if (key === "core.ssl_verify") {
    if (BOOLEAN_WORDS.test(text) || (await files.exists(text))) return ok(text)
    return err(`stat ${text}: no such file or directory`)
  }
  if (BOOLEAN_KEYS.has(key)) {
    if (BOOLEAN_WORDS.test(text)) return ok(/^[1t]/i.test(text))
    return err(`strconv.ParseBool: parsing "${text}": invalid syntax`)
  }
  if (URL_KEYS.has(key) && !/^https?:\/\/[^/\s]+/.test(text))
    return err(`${key} must be an address such as http://m1.example.com, not "${text}"`)
  if (!/^[\w-]+(?:\.[\w-]+)+$/.test(key))
    return err(`a key consists of a section and a name, such as core.dcos_url, not "${key}"`)
  return ok(text)
}
