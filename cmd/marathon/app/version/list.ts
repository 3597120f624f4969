import { argument, defineCommand, fail, integer, renderJson } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    maxCount: integer("max-count", "Show at most this many versions."),
  },
  async run(context, { id, maxCount }) {
    if (maxCount !== undefined && maxCount <= 0) fail("maximum count must be a positive number")
    const versions = await (await connectMarathon(context)).appVersions(id)
    if (versions === undefined)
      return fail(`Marathon API error: App '${absoluteId(id)}' does not exist`)
    context.stdout.write(renderJson(versions.slice(0, maxCount), 2))
    return 0
  },
})
