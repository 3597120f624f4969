import { defineCommand, flag } from "#lib/cli/index.ts"
import { connectMarathon, connectRouter, type ClientContext } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { once: flag("Ask only one master.") },
  async run(context, { once }) {
    const answer = await (await connectMarathon(context)).ping()
    const masters = once ? 1 : await countMasters(context)
    context.print(`Marathon ping response[${masters}x]: "${answer}"`)
  },
})

/** Without Mesos-DNS the one that answered is the only one known. */
async function countMasters(context: ClientContext): Promise<number> {
  if ((await context.settings()).get("core.dcos_url") === undefined) return 1
  const router = await connectRouter(context)
  const masters = await router.hosts("master.mesos").catch(() => [])
  return Math.max(1, masters.length)
}
