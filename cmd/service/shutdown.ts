import { argument, confirm, defineCommand, fail, flag } from "#lib/cli/index.ts"
import { connectMesos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    service: argument("service-id", { from: "service list --id-only" }),
    yes: flag("Do not ask."),
  },
  async run(context, { service, yes }) {
    const mesos = await connectMesos(context)
    const { frameworks = [] } = await mesos.state()
    const matches = frameworks.filter(({ id, name }) => id === service || name === service)
    const [found, ...others] = matches
    if (found === undefined) return fail(`there is no service '${service}'`)
    if (others.length > 0)
      fail(
        `several services are named '${service}', give the id of one: ${matches.map(({ id }) => id).join(", ")}`,
      )
    if (!yes)
      await confirm(
        context,
        `Do you really want to teardown ${found.name} with all its tasks? [yes/no] `,
        "no",
      )
    await mesos.teardown(found.id)
    return 0
  },
})
