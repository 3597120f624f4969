import { argument, defineCommand } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { id: argument("deployment-id", { from: "marathon deployment list --quiet" }) },
  async run(context, { id }) {
    await (await connectMarathon(context)).stopDeployment(id)
  },
})
