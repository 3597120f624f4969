import { defineCommand, flag, renderJson } from "#lib/cli/index.ts"
import { connectCosmos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { json: flag("Print in JSON format.") },
  async run(context, { json }) {
    const repositories = await (await connectCosmos(context)).repositories()
    if (json) context.stdout.write(renderJson({ repositories }))
    else for (const { name, uri } of repositories) context.print(`${name}: ${uri}`)
  },
})
