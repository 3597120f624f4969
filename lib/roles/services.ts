import type { MarathonView } from "#lib/marathon/index.ts"
import type { MasterView } from "#lib/master/index.ts"
import type { ServiceTarget } from "#lib/router/index.ts"

/** A name of `/service` in the form the router asks for: "group/app" is "app.group". */
const normalize = (name: string): string =>
  name
    .split("/")
    .filter((part) => part !== "")
    .toReversed()
    .join(".")

/**
 * Where a name below `/service` leads: an app that calls itself so by its labels, or a framework with
 * that id or name and a web interface.
 * Source: dcos/dcos: packages/adminrouter/extra/src/lib/service.lua.
 */
export function findService(
  marathon: MarathonView,
  master: MasterView,
  name: string,
): ServiceTarget | undefined {
  return appTarget(marathon, name) ?? frameworkTarget(master, name)
}

function appTarget(marathon: MarathonView, name: string): ServiceTarget | undefined {
  for (const app of marathon.apps()) {
    const label = app.labels["DCOS_SERVICE_NAME"]
    if (label === undefined || normalize(label) !== name) continue
    const scheme = app.labels["DCOS_SERVICE_SCHEME"]
    const index = Number(app.labels["DCOS_SERVICE_PORT_INDEX"])
    if (scheme === undefined || !Number.isInteger(index)) return undefined
    for (const instance of marathon.instances(app.id)) {
      const port = instance.task?.portsByIndex[index]
      if (instance.condition === "Running" && typeof port === "number")
        return {
          url: `${scheme}://${instance.placement?.host}:${port}`,
          rewrite: app.labels["DCOS_SERVICE_REWRITE_REQUEST_URLS"] !== "false",
        }
    }
    return undefined
  }
  return undefined
}

function frameworkTarget(master: MasterView, name: string): ServiceTarget | undefined {
  const frameworks = [...master.frameworks.values()]
  const framework =
    frameworks.find(({ id }) => id === name) ?? frameworks.find(({ info }) => info.name === name)
  const url = framework?.info.webuiUrl
  return url === undefined || url === "" ? undefined : { url, rewrite: true }
}
