import type { CommandInfo } from "#lib/mesos/index.ts"
import type { ImageConfig } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Where programs are looked for when neither task nor image say. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * The argv of a container. Without a shell and without a value, the image says what runs: its
 * entrypoint with the task's arguments or its own command. A command that names both a program and
 * its argv[0] runs the program under its own name, since the runtime knows no other.
 * Source: apache/mesos: docs/container-image.md, src/slave/containerizer/mesos/isolators/docker/runtime.cpp.
 */
export function argumentsOf(
  command: CommandInfo,
  image: ImageConfig | undefined,
): Result<readonly string[], string> {
  const { value, arguments: given = [] } = command
  if (command.shell ?? true) {
    if (value === undefined) return err("a shell command needs a value")
    return ok(["/bin/sh", "-c", value])
  }
  // Mesos executes the value with the arguments as the whole argv, argv[0] included.
  if (value !== undefined) return ok([value, ...given.slice(1)])
  if (image === undefined) return err("a command without a value needs an image that brings one")
  const { entrypoint, command: preset } = image
  if (given.length === 0) {
    const all = [...entrypoint, ...preset]
    return all.length > 0 ? ok(all) : err("neither the task nor its image names a command")
  }
  if (entrypoint.length > 0) return ok([...entrypoint, ...given])
  const [program] = preset
  if (program === undefined)
    return err("the task has arguments only, and its image has neither entrypoint nor command")
  return ok([program, ...given])
}

/** What the environment of a container is made of. */
export type EnvironmentSource = {
  /** The agent's variables and the command's, as the agent put them together. */
  readonly given: Readonly<Record<string, string>>
  readonly command: CommandInfo
  readonly image: ImageConfig | undefined
  /** The sandbox as the container sees it. */
  readonly sandbox: string
}

/** The environment as "NAME=value": the image's variables over the agent's, the command's over all. */
export function environmentOf(source: EnvironmentSource): readonly string[] {
  const variables: Record<string, string> = {
    PATH: DEFAULT_PATH,
    ...source.given,
    MESOS_SANDBOX: source.sandbox,
    ...source.image?.environment,
    ...variablesOf(source.command),
  }
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`)
}

/** The variables that a command sets by value. */
export function variablesOf(command: CommandInfo): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const { name, type = "VALUE", value } of command.environment?.variables ?? [])
    if (type === "VALUE" && value !== undefined) variables[name] = value
  return variables
}
