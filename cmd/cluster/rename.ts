import { argument, ClusterStore, defineCommand } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: {
    name: argument("cluster", { from: "cluster list --names" }),
    newName: argument("new-name"),
  },
  async run(context, { name, newName }) {
    const store = new ClusterStore(context)
    const cluster = await store.find(name)
    await store.update(cluster, new Map(cluster.config).set("cluster.name", newName))
  },
})
