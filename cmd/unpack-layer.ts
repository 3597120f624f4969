import { argument, defineCommand } from "#lib/cli/index.ts"
import { unpackLayer } from "#lib/roles/unpack-layer.ts"

export const command = defineCommand({
  input: { directory: argument("directory"), parent: argument("pid") },
  examples: ["dcos unpack-layer /var/lib/dcos/layer $$ <layer.tar.gz"],
  async run(context, { directory, parent }) {
    context.stdout.write(JSON.stringify(await unpackLayer(directory, Number(parent))))
  },
})
