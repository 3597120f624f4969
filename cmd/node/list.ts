import { defineCommand, flag, list, renderJson, renderTable, text } from "#lib/cli/index.ts"
import { connectNodes, type ListedNode } from "#lib/client/index.ts"

const HEADINGS = ["HOSTNAME", "IP", "PUBLIC IP(S)", "ID", "TYPE", "STATUS", "REGION", "ZONE"]

export const command = defineCommand({
  input: {
    json: flag("Print in JSON format."),
    field: list("field", "Show this field of the JSON form as a column too."),
    mesosId: text("id", "Show only the node with this id."),
  },
  async run(context, { json, field, mesosId }) {
    const all = await connectNodes(context)
    const nodes = all.filter(({ row }) => mesosId === undefined || row.id === mesosId)
    if (json) context.stdout.write(renderJson(nodes.map((node) => node.json)))
    else
      context.stdout.write(
        renderTable(
          [...HEADINGS, ...field],
          nodes.map((node) => renderNode(node, field)),
        ),
      )
  },
})

function renderNode({ row, json }: ListedNode, fields: readonly string[]): string[] {
  const { hostname, ip, publicIps, id, type, status, region, zone } = row
  const extra = fields.map((field) => renderField(json, field))
  return [hostname, ip, publicIps.join(", "), id, type, status, region, zone, ...extra]
}

/** The value at a dotted path. */
function renderField(json: object, path: string): string {
  let value: unknown = json
  for (const part of path.split("."))
    value =
      typeof value === "object" && value !== null
        ? (value as Record<string, unknown>)[part]
        : undefined
  if (value === undefined || value === null) return ""
  return typeof value === "string" ? value : JSON.stringify(value)
}
