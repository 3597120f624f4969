import { argument, defineCommand, fail } from "#lib/cli/index.ts"
import { QuotaClient } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { group: argument("group") },
  async run(context, { group }) {
    const name = group.replace(/^\//, "")
    const quotas = new QuotaClient(context)
    if ((await quotas.find(name)) === undefined) fail(`could not find quota '${name}'`)
    await quotas.remove(name)
  },
})
