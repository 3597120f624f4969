import { argument, ClusterStore, defineCommand } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: { name: argument("cluster", { from: "cluster list --names" }) },
  async run(context, { name }) {
    const store = new ClusterStore(context)
    await store.attach((await store.find(name)).id)
  },
})
