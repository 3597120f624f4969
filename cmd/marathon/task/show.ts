import { argument, defineCommand, fail, renderSortedJson } from "#lib/cli/index.ts"
import { connectMarathon } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { id: argument("task-id", { from: "marathon task list --quiet" }) },
  async run(context, { id }) {
    const tasks = await (await connectMarathon(context)).tasks()
    const task = tasks.find((one) => one.id === id)
    context.stdout.write(renderSortedJson(task ?? fail(`Task '${id}' does not exist`)))
  },
})
