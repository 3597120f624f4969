import {
  argument,
  confirm,
  defineCommand,
  fail,
  flag,
  readOptions,
  text,
  type Context,
} from "#lib/cli/index.ts"
import { connectCosmos, type PackageDefinition } from "#lib/client/index.ts"

const COMMUNITY_NOTICE =
  "This is a Community service. Community services are not tested for production environments. There may be bugs, incomplete features, incorrect documentation, or other discrepancies."

export const command = defineCommand({
  input: {
    name: argument("package-name", { from: "package search --names" }),
    app: flag("Install only the application."),
    appId: text("app-id", "Id of the application; the package's own unless given."),
    cli: flag("Install only the command."),
    options: text("file", "File with the options, a JSON object."),
    packageVersion: text("version", "Version of the package; the newest unless given."),
    yes: flag("Do not ask."),
    global: flag("Accepted for old scripts.", { hidden: true }),
  },
  examples: [
    "dcos package install helloworld",
    "dcos package install cassandra --options=options.json --yes",
  ],
  async run(context, { name, app, appId, cli, yes, ...more }) {
    if (app && cli) fail("--app and --cli are mutually exclusive")
    const options = await readOptions(context, more.options)
    const cosmos = await connectCosmos(context)
    const described = await cosmos.describe(name, more.packageVersion)
    if (!cli) showNotices(context, described)
    if (!yes) await confirm(context, "Continue installing? [yes/no] ", "yes")
    const label = `package [${described.name}] version [${described.version}]`
    const { version: packageVersion } = described
    if (!cli && described.marathon !== undefined) {
      context.note(`Installing Marathon app for ${label}`)
      await cosmos.install({ packageName: described.name, packageVersion, appId, options })
    }
    if (!app && described.resource?.cli !== undefined)
      context.note(`The command of ${label} is not available in this version of dcos`)
    if (!cli && described.postInstallNotes) context.note(described.postInstallNotes)
  },
})

function showNotices(context: Context, { selected, preInstallNotes }: PackageDefinition): void {
  if (selected !== true) context.note(COMMUNITY_NOTICE)
  if (preInstallNotes) context.note(preInstallNotes)
}
