import { argument, ClusterStore, defineCommand } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: { name: argument("name", { from: "config keys --quiet" }) },
  async run(context, { name }) {
    const store = new ClusterStore(context)
    const cluster = await store.required()
    const config = new Map(cluster.config)
    config.delete(name)
    if (name === "core.dcos_url") config.delete("core.dcos_acs_token")
    await store.update(cluster, config)
  },
})
