import { argument, defineCommand, renderSortedJson } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { id: argument("deployment-id", { from: "marathon deployment list --quiet" }) },
  async run(context, { id }) {
    const marathon = await connectMarathon(context)
    context.stdout.write(renderSortedJson(await marathon.rollbackDeployment(id)))
  },
})
