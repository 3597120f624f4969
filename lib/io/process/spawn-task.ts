import { open, rm } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import type { CommandInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Accounts } from "#lib/io/host/accounts.ts"
import { userPrefix } from "#lib/io/host/user-prefix.ts"
import { rlimitPrefix } from "./prefix.ts"
import type { HostTools } from "./prefix.ts"
import { DEFAULT_PATH, taskScript } from "./task-script.ts"

/** The environment of everything that runs before the task itself does. */
export const CLEAN_ENVIRONMENT = { PATH: DEFAULT_PATH }

/** How to become a process of a task: the programs to go through, and the script of the last one. */
export type TaskStart = { readonly argv: readonly string[]; readonly script: string }

/** What a process of a task is made from. */
export type TaskStartOptions = {
  readonly spec: ContainerSpec
  readonly command: CommandInfo
  readonly accounts: Accounts
  readonly tools: HostTools
}

/**
 * The way to start a command of the container: limits first, then the user, then a shell that reads
 * the script. Refused, with the remedy, when the machine lacks what the task asks for.
 */
export async function taskStart(options: TaskStartOptions): Promise<Result<TaskStart, string>> {
  const { spec, command, accounts, tools } = options
  const limits = rlimitPrefix(spec.task.container?.rlimitInfo, tools.prlimit)
  if (!limits.ok) return limits
  const user = await userPrefix(spec.user, accounts, tools.setpriv)
  if (!user.ok) return user
  const environment = { ...spec.environment, ...variablesOf(command) }
  environment["MESOS_SANDBOX"] ??= spec.sandbox
  const script = taskScript({ command, environment, bash: tools.bash ?? undefined })
  if (!script.ok) return err(`the command cannot be run: ${script.error}`)
  return ok({ argv: [...limits.value, ...user.value, "/bin/sh", "-s"], script: script.value })
}

/** The variables that a command sets by value. */
function variablesOf(command: CommandInfo): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const { name, type = "VALUE", value } of command.environment?.variables ?? [])
    if (type === "VALUE" && value !== undefined) variables[name] = value
  return variables
}

let scripts = 0

/**
 * A file of that content, open for reading and without a name: the process that inherits it can read
 * it whatever its user is, and it leaves nothing behind.
 */
export async function openNameless(directory: string, content: string): Promise<FileHandle> {
  const path = `${directory}/script.${process.pid}.${scripts++}`
  try {
    const file = await open(path, "wx", 0o600)
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    return await open(path, "r")
  } finally {
    await rm(path, { force: true })
  }
}
