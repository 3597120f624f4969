import {
  DaemonSettings,
  snakeCase,
  type GivenSetting,
  type Setting,
  type SettingTable,
} from "#lib/std/daemon-settings.ts"
import { kebab, type FlagDefinition } from "./command.ts"
import type { Context } from "./context.ts"
import { fail } from "./failure.ts"
import { suggest } from "./suggest.ts"
import { parseToml, type ConfigValue } from "./toml.ts"

type FlagFor<S extends Setting> = S extends { readonly hint: string }
  ? Extract<FlagDefinition, { readonly type: "string" }>
  : Extract<FlagDefinition, { readonly type: "boolean" }>

/** The flags of a daemon's settings. None has a default here: what is not given is looked for elsewhere. */
export const settingFlags = <const T extends SettingTable>(
  table: T,
): { readonly [Key in keyof T]: FlagFor<T[Key]> } =>
  Object.fromEntries(Object.entries(table).map(([key, setting]) => [key, flagOf(setting)])) as never

function flagOf({ hint, help, fallback }: Setting): FlagDefinition {
  const description = fallback === undefined ? help : `${help}; ${fallback} by default`
  return hint === undefined
    ? { type: "boolean", description, setting: true }
    : { type: "string", valueHint: hint, description, setting: true }
}

/** Where a daemon's settings are looked for beside its command line. */
export type SettingSources = {
  /** `master` or `agent`: part of the names of variables and of the file. */
  readonly role: string
  /** The configuration file that the command line names; a file that is missing is an error then. */
  readonly config?: string | undefined
  /** Settings of Mesos that this daemon does not take, in Mesos' spelling: why. */
  readonly refused?: Readonly<Record<string, string>> | undefined
}

/** The configuration file that is read when none is named. */
export const defaultConfig = (role: string): string => `/etc/dcos/${role}.toml`

/**
 * The settings in force: the command line, else the environment (`DCOS_MASTER_X`, then `MESOS_X`), else
 * the configuration file, else the table's fallbacks. Fails when the file cannot be read or has a key
 * that is no setting, and for variables of settings that are refused.
 */
export async function readSettings<T extends SettingTable>(
  context: Pick<Context, "env" | "files">,
  table: T,
  flags: { readonly [Key in keyof T]?: unknown },
  sources: SettingSources,
): Promise<DaemonSettings<T>> {
  const given = await readFile(context, table, sources)
  for (const [name, why] of Object.entries(sources.refused ?? {})) {
    const variable = `MESOS_${name.toUpperCase()}`
    if (context.env[variable] !== undefined) fail(`${variable} is not supported: ${why}`)
  }
  for (const [key, setting] of Object.entries(table)) {
    const found =
      fromFlag(key, flags[key]) ?? fromEnvironment(context.env, key, setting, sources.role)
    if (found !== undefined) given.set(key, found)
  }
  for (const [key, { value, origin }] of given)
    if (value.startsWith(FILE)) {
      const text = await context.files.readText(value.slice(FILE.length))
      given.set(key, { value: text?.trim() ?? fail(`${origin}: there is no such file`), origin })
    }
  return new DaemonSettings(table, given)
}

/** A value that stands in a file of its own, as Mesos' flags take it: `file:///etc/dcos/acls.json`. */
const FILE = "file://"

function fromFlag(key: string, value: unknown): GivenSetting | undefined {
  if (typeof value !== "string" && typeof value !== "boolean") return undefined
  return { value: String(value), origin: `--${kebab(key)} ${value}` }
}

function fromEnvironment(
  env: Context["env"],
  key: string,
  setting: Setting,
  role: string,
): GivenSetting | undefined {
  const name = snakeCase(key).toUpperCase()
  const prefixes = [`DCOS_${role.toUpperCase()}_`, ...(setting.ours === true ? [] : ["MESOS_"])]
  for (const prefix of prefixes) {
    const value = env[prefix + name]
    if (value !== undefined) return { value, origin: `${prefix}${name}=${value}` }
  }
  return undefined
}

async function readFile(
  { files }: Pick<Context, "files">,
  table: SettingTable,
  { role, config, refused = {} }: SettingSources,
): Promise<Map<string, GivenSetting>> {
  const path = config ?? defaultConfig(role)
  const text = await files.readText(path)
  if (text === undefined && config !== undefined)
    fail(`the configuration file ${path} does not exist`)
  const parsed = parseToml(text ?? "")
  if (!parsed.ok) return fail(`${path}: ${parsed.error}`)
  const names = new Map(Object.keys(table).map((key) => [snakeCase(key), key]))
  const given = new Map<string, GivenSetting>()
  for (const [written, value] of parsed.value) {
    const name = written.replaceAll("-", "_")
    const key = names.get(name)
    if (key === undefined) {
      const why = refused[name]
      if (why !== undefined) fail(`${path}: ${written} is not supported: ${why}`)
      const near = suggest(name, [...names.keys()])
      fail(
        `${path}: ${written} is no setting of dcos ${role}${near ? `; did you mean ${near}?` : ""}`,
      )
    }
    given.set(key, { value: textOf(value), origin: `${written} in ${path}` })
  }
  return given
}

const textOf = (value: ConfigValue): string =>
  typeof value === "object" ? value.join(",") : String(value)

/** What help says below the flags of a daemon. */
export const settingsNote = (role: string): string =>
  `Each flag is also an environment variable, DCOS_${role.toUpperCase()}_PORT or MESOS_PORT for --port, and a key\nof the configuration file, port. The command line wins over the environment, and that over the\nfile: ${defaultConfig(role)}, or what --config names. Flags may be written with underscores, as in\nMesos. Durations are a number with one of ns, us, ms, secs, mins, hrs, days and weeks.\n`
