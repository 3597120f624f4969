import type { CommandInfo } from "#lib/mesos/index.ts"
import { ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { argumentsOf, variablesOf } from "./command.ts"
import type { OciCapabilities, OciProcess, OciUser } from "./oci.ts"

/** A command to run inside a container, beside its first process. */
export type ExecRequest = {
  readonly command: CommandInfo
  /** Somebody else than the first process' user. */
  readonly user?: OciUser | undefined
  /** More variables, over the container's own and the command's. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  readonly terminal?: boolean | undefined
}

/** What a command inside a container becomes: the first process of the container, but for the command. */
export function execProcess(first: OciProcess, request: ExecRequest): Result<OciProcess, string> {
  const { command, user, environment = {}, terminal = false } = request
  const args = argumentsOf(command, undefined)
  if (!args.ok) return args
  const more = Object.entries({ ...variablesOf(command), ...environment })
  const { consoleSize: _size, ...rest } = first
  return ok({
    ...rest,
    terminal,
    args: args.value,
    // The last of several values counts.
    env: [...first.env, ...more.map(([name, value]) => `${name}=${value}`)],
    ...(user === undefined || user.uid === first.user.uid
      ? {}
      : { user, capabilities: capabilitiesOf(user, first.capabilities) }),
  })
}

/** Root has what the container may have, everybody else nothing. */
const capabilitiesOf = ({ uid }: OciUser, { bounding }: OciCapabilities): OciCapabilities => {
  const held = uid === 0 ? bounding : []
  return { bounding, effective: held, permitted: held, inheritable: [], ambient: [] }
}
