import { ClusterStore, defineCommand, fail, optionalArgument, renderValue } from "#lib/cli/index.ts"

/** Keys whose values are shown only when asked for by name. */
const SECRETS = new Set(["core.dcos_acs_token", "core.token", "core.refresh_token"])

export const command = defineCommand({
  input: { name: optionalArgument("name") },
  examples: ["dcos config show", "dcos config show core.dcos_url"],
  async run(context, { name }) {
    const cluster = await new ClusterStore(context).current()
    if (name !== undefined) {
      const value = (await context.settings()).get(name)
      if (value !== undefined) return context.print(value)
      if (cluster === undefined) return context.noCluster()
      return fail(`unknown key "${name}"`)
    }
    if (cluster === undefined) return context.noCluster()
    for (const [key, value] of [...cluster.config].sort(([a], [b]) => (a < b ? -1 : 1)))
      context.print(`${key} ${SECRETS.has(key) ? "********" : renderValue(value)}`)
  },
})
