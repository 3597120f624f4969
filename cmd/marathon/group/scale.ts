import { argument, defineCommand, fail, flag } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("group-id"),
    factor: argument("scale-factor"),
    force: flag("Override a deployment that is under way."),
  },
  examples: ["dcos marathon group scale /shop 2"],
  async run(context, { id, factor, force }) {
    const scaleBy = /^(?:\d+\.?\d*|\.\d+)$/.test(factor) ? Number(factor) : 0
    if (scaleBy <= 0) fail(`the factor must be a positive number: ${factor}`)
    const { deploymentId } = await (
      await connectMarathon(context)
    ).updateGroup(id, { scaleBy }, force)
    context.print(`Created deployment ${deploymentId}`)
  },
})
