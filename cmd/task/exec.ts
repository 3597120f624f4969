import {
  argument,
  defineCommand,
  fail,
  flag,
  joinRemote,
  leaveKeysOf,
  matchesFilter,
  restArguments,
  text,
} from "#lib/cli/index.ts"
import { connectMesos, exitCodeOf, findContainer } from "#lib/client/index.ts"

/** What the command ends with where the task's process does not say it. */
const EXIT_CODES = { left: 0, interrupted: 1 }

export const command = defineCommand({
  flagsFirst: true,
  input: {
    name: argument("task", { from: "task list --quiet" }),
    program: argument("cmd"),
    words: restArguments("args"),
    interactive: flag("Send what comes on standard input to the command.", { alias: "i" }),
    tty: flag("Give the command a terminal.", { alias: "t" }),
    user: text("user", "The account to run the command as.", { alias: "u" }),
  },
  examples: ["dcos task exec web ls -l", "dcos task exec --interactive --tty web bash"],
  async run(context, { name, program, words, interactive, tty, user }) {
    if (interactive && tty && !context.stdin.isTerminal) fail("stdin is not a terminal")
    const leaveKeys = leaveKeysOf(context.env)
    const mesos = await connectMesos(context)
    const { agent, containerId: parent } = findContainer(await mesos.state(), name, matchesFilter)
    const containers = mesos.containersOf(agent)
    const containerId = { value: context.newId(), parent }
    const gone = new AbortController()
    const { rows, columns } = context.stdout
    const size = rows && columns ? { rows, columns } : undefined
    const terminal = tty ? { size } : undefined
    const process = { containerId, words: [program, ...words], user, tty: terminal }
    const output = await containers.start(process, gone.signal)
    const end = await joinRemote(
      context,
      { output, send: (input) => containers.attachInput(containerId, input, gone.signal) },
      { input: interactive, terminal: tty, leaveKeys },
    )
    const code = end === "ended" ? exitCodeOf(await containers.wait(containerId)) : EXIT_CODES[end]
    gone.abort()
    return code
  },
})
