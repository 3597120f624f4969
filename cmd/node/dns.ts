import { argument, defineCommand, fail, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import { connectRouter } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { host: argument("host"), json: flag("Print in JSON format.") },
  async run(context, { host, json }) {
    const hosts = await (await connectRouter(context)).hosts(host)
    if (json) context.stdout.write(renderJson(hosts))
    else if (hosts.length === 0) fail(`there is no host '${host}'`)
    else
      context.stdout.write(
        renderTable(
          ["HOST", "IP"],
          hosts.map((one) => [one.host, one.ip]),
        ),
      )
  },
})
