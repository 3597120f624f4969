/**
 * Exit codes of the executable. Scripts written for DC/OS know only 0 and 1; a command that runs
 * something else (`task exec`) returns that thing's own code.
 */
export const ExitCode = {
  /** The command did what was asked. */
  ok: 0,
  /** Anything that went wrong: bad usage, refusal, fault. */
  failed: 1,
  /** Interrupted by SIGINT: 128 + 2, as shells report it. */
  interrupted: 130,
  /** Asked to end by SIGTERM: 128 + 15. */
  terminated: 143,
} as const

/** A command gave up for a reason the user can act on: `message` names the cause and the remedy. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure"
  readonly exitCode: number

  constructor(message: string, exitCode: number = ExitCode.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Ends the command with `Error: <message>` and exit code 1. */
export function fail(message: string): never {
  throw new CommandFailure(message)
}
