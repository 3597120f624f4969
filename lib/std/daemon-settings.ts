import { parseByteSize } from "./byte-size.ts"
import { parseDuration } from "./duration.ts"

/**
 * A setting of a daemon: a flag that is also an environment variable and a key of its configuration
 * file. Its name in code is camelCase, `agentPingTimeout`; Mesos' own spelling follows from it.
 */
export type Setting = {
  /** What its value is, with its unit: `duration`, `path`, `count`. Absent: true or false. */
  readonly hint?: string
  readonly help: string
  /** The value when nobody says one, as it would be written. */
  readonly fallback?: string
  /** Never shown to those who ask for the settings in effect. */
  readonly secret?: true
  /** One of ours, which Mesos does not have: `MESOS_…` variables say nothing of it. */
  readonly ours?: true
}

/** The settings of one daemon by their names in code. */
export type SettingTable = Readonly<Record<string, Setting>>

/** `agentPingTimeout` as Mesos spells it: `agent_ping_timeout`. */
export const snakeCase = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** A value as somebody gave it. */
export type GivenSetting = {
  readonly value: string
  /** Where it stands, for people: `--agent-ping-timeout soon`. */
  readonly origin: string
}

/** A value that a daemon cannot start with; the message names where it stands and what would be right. */
export class SettingError extends Error {}

/** The values of a daemon's settings: those that were given, else the fallbacks of its table. */
export class DaemonSettings<T extends SettingTable> {
  readonly #table: T
  readonly #given: ReadonlyMap<string, GivenSetting>

  constructor(table: T, given: ReadonlyMap<string, GivenSetting>) {
    this.#table = table
    this.#given = given
  }

  /** The value as it was written; undefined when nobody gave one and there is no fallback. */
  text(key: keyof T & string): string | undefined {
    return this.#given.get(key)?.value ?? this.#table[key]?.fallback
  }

  /** Like `text`, of a setting that always has a value. */
  required(key: keyof T & string): string {
    return this.text(key) ?? this.refuse(key, "must be given")
  }

  /** Milliseconds. */
  duration(key: keyof T & string): number {
    const parsed = parseDuration(this.required(key))
    return parsed.ok ? parsed.value : this.refuse(key, parsed.error)
  }

  /** Milliseconds; undefined when nobody gave it. */
  optionalDuration(key: keyof T & string): number | undefined {
    return this.text(key) === undefined ? undefined : this.duration(key)
  }

  /** Bytes, written as `2GB`. */
  bytes(key: keyof T & string): number {
    const parsed = parseByteSize(this.required(key))
    return parsed.ok ? parsed.value : this.refuse(key, parsed.error)
  }

  /** A whole number between `min` and `max`. */
  count(key: keyof T & string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.required(key)
    const value = Number(text)
    if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value
    return this.refuse(
      key,
      max === Number.MAX_SAFE_INTEGER
        ? `must be a whole number, at least ${min}`
        : `must be between ${min} and ${max}`,
    )
  }

  /** A share in [0, 1], written as `0.8` or `80%`. */
  share(key: keyof T & string): number {
    const text = this.required(key)
    const number = /^(\d+(?:\.\d+)?)(%?)$/.exec(text)
    const value = number === null ? Number.NaN : Number(number[1]) / (number[2] === "%" ? 100 : 1)
    return value >= 0 && value <= 1
      ? value
      : this.refuse(key, "must be a share between 0 and 1, such as 0.8 or 80%")
  }

  on(key: keyof T & string): boolean {
    const text = this.text(key) ?? "false"
    if (text === "true" || text === "1") return true
    if (text === "false" || text === "0") return false
    return this.refuse(key, "must be true or false")
  }

  /** The parts of a comma-separated list; undefined when nobody gave it. */
  list(key: keyof T & string): readonly string[] | undefined {
    return this.text(key)
      ?.split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "")
  }

  /** One of a few words. */
  oneOf<const W extends string>(key: keyof T & string, words: readonly W[]): W {
    const text = this.required(key)
    return (
      words.find((word) => word === text) ?? this.refuse(key, `must be one of ${words.join(", ")}`)
    )
  }

  /** A JSON value; undefined when nobody gave it. */
  json(key: keyof T & string): unknown {
    const text = this.text(key)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text)
    } catch (cause) {
      // The parser's words show some of the value.
      const detail = cause instanceof Error && !this.#isSecret(key) ? `: ${cause.message}` : ""
      return this.refuse(key, `is no JSON${detail}`)
    }
  }

  /** Ends the start because of a value, which is not shown where it is a secret. */
  refuse(key: keyof T & string, why: string): never {
    const { value = "", origin = flagOf(key) } = this.#given.get(key) ?? {}
    const place =
      this.#isSecret(key) && value !== "" ? origin.replaceAll(value, "(secret)") : origin
    throw new SettingError(`${place}: ${why}`)
  }

  #isSecret(key: keyof T & string): boolean {
    return this.#table[key]?.secret === true
  }

  /** Every setting that has a value, by Mesos' spelling, but for secrets. */
  inEffect(): Readonly<Record<string, string>> {
    const shown: Record<string, string> = {}
    for (const [key, { secret }] of Object.entries(this.#table)) {
      const value = this.text(key)
      if (value !== undefined && secret !== true) shown[snakeCase(key)] = value
    }
    return shown
  }
}

const flagOf = (key: string): string => `--${snakeCase(key).replaceAll("_", "-")}`

/** The settings that code gives, as the flags that would say the same. */
export const settingsFrom = <T extends SettingTable>(
  table: T,
  values: { readonly [Key in keyof T]?: string | undefined },
): DaemonSettings<T> =>
  new DaemonSettings(
    table,
    new Map(
      Object.entries(values).flatMap(([key, value]): [string, GivenSetting][] =>
        typeof value === "string" ? [[key, { value, origin: `${flagOf(key)} ${value}` }]] : [],
      ),
    ),
  )
