import { defineCommand, fail, optionalArgument, readDefinition } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { source: optionalArgument("app-resource") },
  examples: ["dcos marathon app add web.json", "dcos marathon app add < web.json"],
  async run(context, { source }) {
    const app = await readDefinition(context, source)
    const { id } = app
    if (typeof id !== "string" || id === "") return fail("application ID must be set")
    const marathon = await connectMarathon(context)
    if ((await marathon.findApp(id)) !== undefined)
      fail(`Application '${absoluteId(id)}' already exists`)
    const created = await marathon.addApp(app)
    context.print(`Created deployment ${created.deployments?.[0]?.id ?? ""}`)
    return 0
  },
})
