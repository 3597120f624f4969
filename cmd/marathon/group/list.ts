import { defineCommand, flag, renderPlainTable, renderSortedJson } from "#lib/cli/index.ts"
import { connectMarathon, type Group } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { json: flag("Print in JSON format.") },
  async run(context, { json }) {
    const { groups = [] } = await (await connectMarathon(context)).rootGroup()
    if (json) context.stdout.write(renderSortedJson(groups))
    else {
      const rows = groups.flatMap(withSubgroups).map(renderGroup)
      context.stdout.write(renderPlainTable(["ID", "APPS", "ENFORCE_ROLE"], rows.sort(byId)))
    }
  },
})

const byId = ([a = ""]: readonly string[], [b = ""]: readonly string[]) => (a < b ? -1 : 1)

const withSubgroups = (group: Group): Group[] => [
  group,
  ...(group.groups ?? []).flatMap(withSubgroups),
]

const countApps = (group: Group): number =>
  (group.groups ?? []).reduce((sum, child) => sum + countApps(child), group.apps?.length ?? 0)

function renderGroup(group: Group): string[] {
  const enforced = group.enforceRole === undefined ? "N/A" : group.enforceRole ? "True" : "False"
  return [group.id, String(countApps(group)), enforced]
}
