import { argument, ClusterStore, defineCommand, fail, parseSetting } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: { name: argument("name", { from: "config keys --quiet" }), value: argument("value") },
  examples: [
    "dcos config set core.timeout 60",
    "dcos config set core.mesos_master_url http://m1.example.com:5050",
  ],
  async run(context, { name, value }) {
    const parsed = await parseSetting(name, value, context.files)
    if (!parsed.ok) fail(parsed.error)
    const store = new ClusterStore(context)
    const cluster = await store.currentOrNew()
    const config = new Map(cluster.config).set(name, parsed.value)
    // A token belongs to the cluster that gave it.
    if (name === "core.dcos_url" && cluster.config.get(name) !== parsed.value)
      config.delete("core.dcos_acs_token")
    await store.update(cluster, config)
  },
})
