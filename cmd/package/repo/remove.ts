import { defineCommand, fail, restArguments } from "#lib/cli/index.ts"
import { connectCosmos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { names: restArguments("name") },
  async run(context, { names }) {
    if (names.length === 0) fail("requires at least 1 arg(s), only received 0")
    const cosmos = await connectCosmos(context)
    for (const name of names) await cosmos.removeRepository(name)
  },
})
