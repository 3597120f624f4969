import {
  defineCommand,
  fail,
  flag,
  optionalArgument,
  renderJson,
  renderTable,
  shorten,
} from "#lib/cli/index.ts"
import { connectCosmos, type FoundPackage } from "#lib/client/index.ts"

const HEADINGS = ["NAME", "VERSION", "CERTIFIED", "FRAMEWORK", "DESCRIPTION"]

export const command = defineCommand({
  input: {
    query: optionalArgument("query"),
    json: flag("Print in JSON format."),
    names: flag("Print only names.", { hidden: true }),
  },
  async run(context, { query, json, names }) {
    const packages = await (await connectCosmos(context)).search(query)
    if (json) context.stdout.write(renderJson({ packages }))
    else if (names) for (const { name } of packages) context.print(name)
    else if (packages.length === 0 && query !== undefined) fail("no packages found")
    else context.stdout.write(renderTable(HEADINGS, packages.map(renderPackage)))
  },
})

const renderPackage = (found: FoundPackage): string[] => [
  found.name,
  found.currentVersion,
  String(found.selected ?? false),
  String(found.framework ?? false),
  shorten(found.description ?? "", 79, 76),
]
