import { defineCommand, fail, optionalArgument, readDefinition, text } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    source: optionalArgument("group-resource"),
    id: text("group-id", "Create an empty group of this id."),
  },
  async run(context, { source, id }) {
    const group = id === undefined ? await readDefinition(context, source) : { id }
    const given = group["id"]
    if (typeof given !== "string" || given === "") return fail("group ID must be set")
    const marathon = await connectMarathon(context)
    if ((await marathon.findGroup(given)) !== undefined)
      fail(`Group '${absoluteId(given)}' already exists`)
    const { deploymentId } = await marathon.addGroup(group)
    context.print(`Created deployment ${deploymentId}`)
    return 0
  },
})
