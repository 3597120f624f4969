import {
  argument,
  defineCommand,
  fail,
  flag,
  readOptions,
  renderJson,
  text,
} from "#lib/cli/index.ts"
import { connectCosmos } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    name: argument("package-name", { from: "package search --names" }),
    app: flag("Print the application's template."),
    appId: text("app-id", "Render the application with this id."),
    cli: flag("Print the package's command."),
    config: flag("Print the schema of the options."),
    options: text("file", "Render the application with these options."),
    packageVersion: text("version", "Version of the package; the newest unless given."),
    packageVersions: flag("Print all versions."),
    render: flag("Render the application instead of its template."),
  },
  async run(context, { name, packageVersion, ...wanted }) {
    const cosmos = await connectCosmos(context)
    if (wanted.packageVersions) {
      const versions = Object.entries(await cosmos.versions(name))
      versions.sort(([, a], [, b]) => Number(b) - Number(a))
      context.stdout.write(
        renderJson(
          versions.map(([version]) => version),
          2,
        ),
      )
      return
    }
    if (wanted.app && (wanted.render || wanted.options !== undefined)) {
      const options = await readOptions(context, wanted.options)
      const request = { packageName: name, packageVersion, appId: wanted.appId, options }
      context.stdout.write(renderJson(await cosmos.render(request), 2))
      return
    }
    const described = await cosmos.describe(name, packageVersion)
    const template = described.marathon?.v2AppMustacheTemplate
    if (wanted.app)
      context.print(decode(template ?? fail(`Package [${name}] starts no application`)))
    else if (wanted.cli) context.stdout.write(renderJson(described.resource?.cli ?? {}, 2))
    else if (wanted.config) context.stdout.write(renderJson(described.config ?? {}, 2))
    else context.stdout.write(renderJson({ package: described }, 2))
  },
})

const decode = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
