import { defineCommand, lazy, restArguments, type LazyCommand } from "./command.ts"
import { fail } from "./failure.ts"

/**
 * A command of DC/OS that this version does not have: it says so, whatever follows. It is not
 * listed in help, so that help shows only what works.
 */
export function notYet(name: string, description: string): LazyCommand {
  const command = defineCommand({
    input: { words: restArguments("argument") },
    anyWords: true,
    run: async () => fail(`\`dcos ${name}\` is not available in this version of dcos`),
  })
  return lazy(description, () => Promise.resolve({ command }), { hidden: true })
}
