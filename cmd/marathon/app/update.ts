import {
  argument,
  defineCommand,
  fail,
  flag,
  parseProperties,
  readDefinition,
  restArguments,
} from "#lib/cli/index.ts"
import { absoluteId, connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    properties: restArguments("key=value"),
    force: flag("Override a deployment that is under way."),
  },
  examples: [
    "dcos marathon app update helloworld instances=5",
    `dcos marathon app update /web env='{"LEVEL":"debug"}'`,
    "dcos marathon app update /web < changes.json",
  ],
  async run(context, { id, properties, force }) {
    const parsed = properties.length === 0 ? undefined : parseProperties(properties)
    if (parsed?.ok === false) fail(parsed.error)
    const change = parsed?.ok === true ? parsed.value : await readDefinition(context)
    const marathon = await connectMarathon(context)
    if ((await marathon.findApp(id)) === undefined) fail(`App '${absoluteId(id)}' does not exist`)
    const { deploymentId } = await marathon.updateApp(id, change, force)
    context.print(`Created deployment ${deploymentId}`)
  },
})
