import { argument, defineCommand, fail, renderSortedJson, text } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon, type MarathonClient } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("group-id"),
    groupVersion: text(
      "group-version",
      "A version by its time, or -N for the one N versions back.",
    ),
  },
  async run(context, { id, groupVersion }) {
    const marathon = await connectMarathon(context)
    const version =
      groupVersion === undefined ? undefined : await resolveVersion(marathon, id, groupVersion)
    const group = await marathon.findGroup(id, version)
    context.stdout.write(
      renderSortedJson(group ?? fail(`Group '${absoluteId(id)}' does not exist`)),
    )
  },
})

/** The time of a version, which may be given relative to the newest. */
async function resolveVersion(
  marathon: MarathonClient,
  id: string,
  version: string,
): Promise<string> {
  if (!/^[+-]?\d{1,9}$/.test(version)) return version
  const back = -Number(version)
  if (back < 0) fail(`relative versions must be negative: ${version}`)
  const versions = await marathon.groupVersions(id)
  return versions[back] ?? fail(`group '${id}' only has ${versions.length} version(s)`)
}
