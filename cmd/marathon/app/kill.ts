import { argument, defineCommand, fail, flag, text } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    scale: flag("Scale the application down by the killed tasks."),
    host: text("host", "Kill only the tasks on this host."),
  },
  async run(context, { id, scale, host }) {
    if (scale && host !== undefined)
      fail("the flags 'scale' and 'host' cannot be used at the same time")
    const marathon = await connectMarathon(context)
    if (scale)
      context.print(`Started deployment: ${JSON.stringify(await marathon.scaleToZero(id))}`)
    else context.print(`Killed tasks: ${JSON.stringify(await marathon.killAppTasks(id, host))}`)
  },
})
