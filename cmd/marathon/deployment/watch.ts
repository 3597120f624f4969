import { argument, defineCommand, fail, integer, renderSortedJson } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

const CLEAR_SCREEN = "\u001b[2J\u001b[H"

export const command = defineCommand({
  input: {
    id: argument("deployment-id", { from: "marathon deployment list --quiet" }),
    maxCount: integer("max-count", "Look at most this many times."),
    interval: integer("seconds", "Seconds between two looks; 1 unless given."),
  },
  async run(context, { id, maxCount = Number.POSITIVE_INFINITY, interval = 1 }) {
    if (maxCount <= 0) fail("maximum count must be a positive number")
    if (interval <= 0) fail("the interval must be a positive number of seconds")
    const marathon = await connectMarathon(context)
    for (let count = 0; count < maxCount; count++) {
      if (count > 0) await context.sleep(1000 * interval)
      const deployment = (await marathon.deployments()).find((one) => one.id === id)
      if (deployment === undefined) return
      if (context.stdout.isTerminal) context.stdout.write(CLEAR_SCREEN)
      context.print(`Deployment update time: ${new Date(context.now()).toISOString()}`)
      context.stdout.write(renderSortedJson(deployment))
    }
  },
})
