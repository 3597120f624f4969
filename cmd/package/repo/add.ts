import { argument, defineCommand, integer } from "#lib/cli/index.ts"
import { connectCosmos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    name: argument("name"),
    uri: argument("url"),
    index: integer("index", "Position in the list of repositories; 0 is the first."),
  },
  async run(context, { name, uri, index }) {
    await (await connectCosmos(context)).addRepository({ name, uri }, index)
  },
})
