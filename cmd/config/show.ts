import {
  ClusterStore,
  defineCommand,
  fail,
  optionalArgument,
  renderValue,
  type Context,
} from "#lib/cli/index.ts"

/** Keys whose values are shown only when asked for by name. */
const SECRETS = new Set(["core.dcos_acs_token", "core.token", "core.refresh_token"])

export const command = defineCommand({
  input: { name: optionalArgument("name", { from: "config keys --quiet" }) },
  examples: ["dcos config show", "dcos config show core.dcos_url"],
  async run(context, { name }) {
    if (name !== undefined) {
      context.print((await context.settings()).get(name) ?? (await missing(context, name)))
      return
    }
    const cluster = await new ClusterStore(context).required()
    for (const [key, value] of [...cluster.config].sort(([a], [b]) => (a < b ? -1 : 1)))
      context.print(`${key} ${SECRETS.has(key) ? "********" : renderValue(value)}`)
  },
})

async function missing(context: Context, name: string): Promise<never> {
  await new ClusterStore(context).required()
  return fail(`unknown key "${name}"`)
}
