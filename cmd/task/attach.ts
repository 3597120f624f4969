import {
  argument,
  defineCommand,
  fail,
  flag,
  joinRemote,
  leaveKeysOf,
  matchesFilter,
} from "#lib/cli/index.ts"
import { connectMesos, exitCodeOf, findContainer } from "#lib/client/index.ts"

/** What the command ends with where the task's process does not say it. */
const EXIT_CODES = { left: 0, interrupted: 1 }

export const command = defineCommand({
  input: {
    name: argument("task", { from: "task list --quiet" }),
    noStdin: flag("Only show what the task writes."),
  },
  examples: ["dcos task attach shell", "dcos task attach --no-stdin shell"],
  async run(context, { name, noStdin }) {
    if (!noStdin && !context.stdin.isTerminal) fail("stdin is not a terminal")
    const leaveKeys = leaveKeysOf(context.env)
    const mesos = await connectMesos(context)
    const { agent, containerId } = findContainer(await mesos.state(), name, matchesFilter)
    const containers = mesos.containersOf(agent)
    const gone = new AbortController()
    const output = await containers.attachOutput(containerId, gone.signal)
    const end = await joinRemote(
      context,
      { output, send: (input) => containers.attachInput(containerId, input, gone.signal) },
      { input: !noStdin, terminal: !noStdin, leaveKeys },
    )
    const code =
      end === "ended" ? exitCodeOf((await containers.wait(containerId)) ?? 0) : EXIT_CODES[end]
    gone.abort()
    return code
  },
})
