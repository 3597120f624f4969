import { defineCommand, flag, optionalArgument, renderJson, text } from "#lib/cli/index.ts"
import { connectCosmos, groupByPackage } from "#lib/client/index.ts"

/** The spelling of CLI 0.1: always JSON, `[]` when nothing is installed. */
export const command = defineCommand({
  input: {
    name: optionalArgument("package-name"),
    appId: text("app-id", "Show only the package that runs as this application."),
    endpoints: flag("Accepted for old scripts.", { hidden: true }),
  },
  examples: ["dcos package list-installed | jq '.[].name'"],
  async run(context, { name, appId }) {
    const installed = await (await connectCosmos(context)).list({ packageName: name, appId })
    context.stdout.write(renderJson(groupByPackage(installed)))
  },
})
