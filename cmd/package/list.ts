import {
  defineCommand,
  fail,
  flag,
  optionalArgument,
  renderJson,
  renderTable,
  shorten,
  text,
} from "#lib/cli/index.ts"
import { connectCosmos, groupByPackage, type InstalledApps } from "#lib/client/index.ts"

const HEADINGS = ["NAME", "VERSION", "CERTIFIED", "APP", "COMMAND", "DESCRIPTION"]

export const command = defineCommand({
  input: {
    filter: optionalArgument("filter"),
    appId: text("app-id", "Show only the package that runs as this application."),
    cli: flag("Show only packages with a command."),
    json: flag("Print in JSON format."),
    endpoints: flag("Accepted for old scripts.", { hidden: true }),
  },
  async run(context, { filter = "", appId, cli, json }) {
    const installed = groupByPackage(await (await connectCosmos(context)).list({ appId }))
    const packages = installed.filter(
      (one) => one.name.includes(filter) && (!cli || one.command !== undefined),
    )
    if (json) context.stdout.write(renderJson(packages))
    else if (packages.length > 0)
      context.stdout.write(renderTable(HEADINGS, packages.map(renderPackage)))
    else if (filter !== "" || appId !== undefined || cli)
      fail("cannot find packages matching the provided filter")
    else
      fail(
        "There are currently no installed packages. Please use `dcos package install` to install a package.",
      )
  },
})

function renderPackage(installed: InstalledApps): string[] {
  const [first = "", ...more] = (installed.description ?? "").split("\n")
  return [
    installed.name,
    installed.version,
    String(installed.selected ?? false),
    installed.apps.join("\n") || "---",
    installed.command?.name ?? "---",
    more.length > 0 ? `${first}...` : shorten(first, 70, 66) || "---",
  ]
}
