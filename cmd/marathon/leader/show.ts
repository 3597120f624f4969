import { defineCommand, flag, renderPlainTable, renderSortedJson } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { json: flag("Print in JSON format.") },
  async run(context, { json }) {
    const leader = await (await connectMarathon(context)).leader()
    const ip = leader.replace(/:\d+$/, "")
    if (json) context.stdout.write(renderSortedJson({ host: "marathon.mesos", ip }))
    else context.stdout.write(renderPlainTable(["HOST", "IP"], [["marathon.mesos", ip]]))
  },
})
