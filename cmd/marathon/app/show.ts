import { argument, defineCommand, fail, renderJson, text } from "#lib/cli/index.ts"
import { absoluteId, connectMarathon, type MarathonClient } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    appVersion: text("app-version", "A version by its time, or -N for the one N versions back."),
  },
  examples: ["dcos marathon app show /web", "dcos marathon app show --app-version=-1 /web"],
  async run(context, { id, appVersion }) {
    const marathon = await connectMarathon(context)
    const app =
      appVersion === undefined
        ? await marathon.findApp(id)
        : await marathon.appVersion(id, await resolveVersion(marathon, id, appVersion))
    context.stdout.write(renderJson(app ?? fail(`App '${absoluteId(id)}' does not exist`)))
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
  const versions = await marathon.appVersions(id)
  if (versions === undefined) return fail(`App '${absoluteId(id)}' does not exist`)
  return versions[back] ?? fail(`application '${id}' only has ${versions.length} version(s)`)
}
