import { ClusterStore, defineCommand, fail, parseSetting, renderValue } from "#lib/cli/index.ts"

export const command = defineCommand({
  input: {},
  async run(context) {
    const cluster = await new ClusterStore(context).required()
    for (const [key, value] of cluster.config) {
      const parsed = await parseSetting(key, renderValue(value), context.files)
      if (!parsed.ok) fail(`${cluster.configPath}: ${key}: ${parsed.error}`)
    }
    context.print("Congratulations, your configuration is valid!")
  },
})
