import { describe, expect, test } from "bun:test"
import { gunzipSync, gzipSync } from "node:zlib"
import { Catalog, type PackageRevision, type Repository } from "./core/catalog.ts"
import { compareVersions, readRepository } from "./core/files.ts"
import type { Json, JsonObject } from "./core/json.ts"
import { createCosmosHttp } from "./http.ts"
import { Cosmos, type ServiceAnswer, type ServiceCall } from "./service.ts"

const revision = (changes: Partial<PackageRevision> = {}): PackageRevision => ({
  name: "web",
  version: "1.0",
  releaseVersion: 0,
  metadata: {
    packagingVersion: "4.0",
    name: "web",
    version: "1.0",
    description: "A web server",
    tags: ["http"],
    maintainer: "m",
    postInstallNotes: "enjoy",
    postUninstallNotes: "gone",
  },
  config: {
    type: "object",
    properties: {
      service: {
        type: "object",
        properties: {
          name: { type: "string", default: "web" },
          instances: { type: "integer", minimum: 0, default: 2 },
        },
      },
    },
  },
  resource: { assets: { container: { docker: { image: "web:1" } } } },
  template:
    '{"id": "{{service.name}}", "instances": {{service.instances}}, "image": "{{resource.assets.container.docker.image}}", "labels": {"OWN": "1"}}',
  ...changes,
})

const repository = (...revisions: PackageRevision[]): Repository => ({
  name: "local",
  uri: "embedded:catalog",
  revisions,
})

type World = {
  readonly ask: (
    path: string,
    body: Json,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; type: string | null; body: ReturnType<typeof JSON.parse> }>
  readonly calls: ServiceCall[]
  readonly apps: Map<string, JsonObject>
}

/** The package API over a Marathon that keeps apps in a map. */
function world(
  catalog: Catalog = new Catalog([repository(revision())]),
  marathon?: (call: ServiceCall) => ServiceAnswer | undefined,
): World {
  const apps = new Map<string, JsonObject>()
  const calls: ServiceCall[] = []
  const keep = (call: ServiceCall): ServiceAnswer => {
    if (call.method === "GET") return { status: 200, body: { apps: [...apps.values()] } }
    if (call.method === "DELETE") {
      apps.delete(call.path.replace("/v2/apps", "").replace("?force=true", ""))
      return { status: 200, body: {} }
    }
    const id = JSON.stringify(call.body?.["id"]).slice(1, -1)
    if (apps.has(id))
      return { status: 409, body: { message: `An app with id [${id}] already exists.` } }
    apps.set(id, call.body ?? {})
    return { status: 201, body: {} }
  }
  const cosmos = new Cosmos({
    catalog,
    marathon: async (call) => {
      calls.push(call)
      return marathon?.(call) ?? keep(call)
    },
    mesos: async (call) => {
      calls.push(call)
      return { status: 200, body: { frameworks: [{ id: "f-1", name: "web-framework" }] } }
    },
    compress: (text) => gzipSync(text).toString("base64"),
    decompress: (data) => gunzipSync(Buffer.from(data, "base64")).toString(),
  })
  const handler = createCosmosHttp(cosmos)
  return {
    apps,
    calls,
    ask: async (path, body, headers) => {
      const kind = path.replace(/^\/(package|service)\//, "").replaceAll("/", ".")
      const response = await handler(
        new Request(`http://cosmos${path}`, {
          method: "POST",
          body: JSON.stringify(body),
          headers: {
            "content-type": `application/vnd.dcos.package.${kind}-request+json;charset=utf-8;version=v1`,
            accept: "*/*",
            ...headers,
          },
        }),
      )
      return {
        status: response.status,
        type: response.headers.get("content-type"),
        body: await response.json(),
      }
    },
  }
}

describe("catalog", () => {
  const two = new Catalog([
    repository(
      revision({ version: "1.9", releaseVersion: 0 }),
      revision({ version: "1.10", releaseVersion: 1 }),
    ),
    {
      name: "other",
      uri: "u2",
      revisions: [
        revision({ version: "9.9", releaseVersion: 7 }),
        revision({
          name: "db",
          metadata: { name: "db", selected: true, description: "Data", tags: ["sql"] },
        }),
      ],
    },
  ])

  test("the first repository that has the package gives the newest version", () => {
    const found = two.find("web")
    expect(found.ok && found.value.revision.version).toBe("1.10")
    const other = two.find("web", "9.9")
    expect(other.ok && other.value.repository.name).toBe("other")
  })

  test("lists the versions, newest of the first repository first", () => {
    expect(two.versions("web")).toEqual({
      ok: true,
      value: { "1.10": "1", "1.9": "0", "9.9": "7" },
    })
  })

  test.each([
    ["", ["db", "web"]],
    ["WEB", ["web"]],
    ["sql", ["db"]],
    ["data", ["db"]],
    ["w*", ["web"]],
    ["*b", ["db", "web"]],
    ["a*server", ["web"]],
    ["e*", []],
    ["x.y", []],
  ])("search %j finds %j", (query, names) => {
    expect(two.search(query).map((hit) => hit.name)).toEqual(names)
  })

  test("reads a folder, numbering the versions in their order", () => {
    const files = new Map(
      ["1.10.0", "1.9.0", "1.9.0-2"].map((version) => [
        `web/${version}/package.json`,
        JSON.stringify({ name: "web", version }),
      ]),
    )
    const read = readRepository({ name: "r", uri: "u" }, files)
    expect(read.revisions.map((one) => [one.version, one.releaseVersion])).toEqual([
      ["1.9.0", 0],
      ["1.9.0-2", 1],
      ["1.10.0", 2],
    ])
    expect(compareVersions("1.0-beta", "1.0-alpha")).toBeGreaterThan(0)
  })
})

describe("render and install", () => {
  test("merges options over defaults and marks the app with the package's labels", async () => {
    const { ask } = world()
    const { body } = await ask("/package/render", {
      packageName: "web",
      options: { service: { instances: 5 } },
    })
    expect(body.marathonJson).toMatchObject({ id: "/web", instances: 5, image: "web:1" })
    const { labels } = body.marathonJson
    expect(labels).toMatchObject({
      OWN: "1",
      DCOS_PACKAGE_NAME: "web",
      DCOS_PACKAGE_VERSION: "1.0",
      DCOS_PACKAGE_SOURCE: "embedded:catalog",
    })
    expect(JSON.parse(atob(labels.DCOS_PACKAGE_OPTIONS))).toEqual({ service: { instances: 5 } })
    const definition = JSON.parse(atob(labels.DCOS_PACKAGE_DEFINITION))
    expect(definition.metadata["Content-Type"]).toContain("version=v4")
    expect(JSON.parse(gunzipSync(Buffer.from(definition.data, "base64")).toString())).toMatchObject(
      {
        name: "web",
        releaseVersion: 0,
      },
    )
  })

  test("installs, lists and uninstalls", async () => {
    const { ask, apps } = world()
    const installed = await ask(
      "/package/install",
      { packageName: "web", appId: "prod/web" },
      { authorization: "token=t" },
    )
    expect([installed.status, installed.body]).toEqual([
      200,
      { packageName: "web", packageVersion: "1.0", appId: "/prod/web", postInstallNotes: "enjoy" },
    ])
    const listed = await ask("/package/list", {})
    expect(listed.body.packages).toMatchObject([
      {
        appId: "/prod/web",
        packageInformation: { packageDefinition: { name: "web", tags: ["http"] } },
      },
    ])
    expect(listed.body.packages[0].packageInformation.packageDefinition.marathon).toBeUndefined()
    const gone = await ask("/package/uninstall", { packageName: "web" })
    expect(gone.body).toEqual({
      results: [
        {
          packageName: "web",
          appId: "/prod/web",
          packageVersion: "1.0",
          postUninstallNotes: "gone",
        },
      ],
    })
    expect(apps.size).toBe(0)
  })

  test("passes the caller's authorization on", async () => {
    const { ask, calls } = world()
    await ask("/package/install", { packageName: "web" }, { authorization: "token=t" })
    expect(calls.map((call) => call.authorization)).toEqual(["token=t"])
  })

  test("tears down the framework that the app ran", async () => {
    const template = '{"id": "w", "labels": {"DCOS_PACKAGE_FRAMEWORK_NAME": "web-framework"}}'
    const { ask, calls } = world(new Catalog([repository(revision({ template }))]))
    await ask("/package/install", { packageName: "web" })
    await ask("/package/uninstall", { packageName: "web" })
    expect(calls.at(-1)?.body).toEqual({
      type: "TEARDOWN",
      teardown: { framework_id: { value: "f-1" } },
    })
  })

  test("answers version 1 where the client asks for it, and posts nothing for a package without app", async () => {
    const v1 = "application/vnd.dcos.package.install-response+json;charset=utf-8;version=v1"
    const plain = world()
    expect(
      (await plain.ask("/package/install", { packageName: "web" }, { accept: v1 })).body,
    ).toEqual({
      packageName: "web",
      packageVersion: "1.0",
      appId: "/web",
    })
    const bare = world(new Catalog([repository(revision({ template: undefined }))]))
    expect((await bare.ask("/package/install", { packageName: "web" })).body.appId).toBeUndefined()
    expect(bare.calls).toEqual([])
    expect(
      (await bare.ask("/package/install", { packageName: "web" }, { accept: v1 })).body.type,
    ).toBe("ServiceMarathonTemplateNotFound")
  })
})

describe("refusals", () => {
  test.each([
    ["/package/install", { packageName: "nope" }, 400, "PackageNotFound"],
    ["/package/install", { packageName: "web", packageVersion: "7" }, 400, "VersionNotFound"],
    ["/package/install", {}, 400, "not_present"],
    ["/package/install", { packageName: "web", options: [] }, 400, "not_parsed"],
    [
      "/package/install",
      { packageName: "web", options: { service: { instances: -1 } } },
      400,
      "JsonSchemaMismatch",
    ],
    ["/package/uninstall", { packageName: "web" }, 400, "PackageNotInstalled"],
    [
      "/package/uninstall",
      { packageName: "web", appId: "x" },
      400,
      "UninstallNonExistentAppForPackage",
    ],
    ["/package/repository/add", { name: "x", uri: "http://x" }, 501, "NotImplemented"],
    ["/package/nothing", {}, 404, "not_valid"],
  ])("%s %j is %d %s", async (path, body, status, type) => {
    const answer = await world().ask(path, body)
    expect([answer.status, answer.body.type]).toEqual([status, type])
    expect(answer.type).toBe("application/vnd.dcos.package.error+json;charset=utf-8;version=v1")
  })

  test("a wrong option is named, with what was found", async () => {
    const answer = await world().ask("/package/render", {
      packageName: "web",
      options: { service: { instances: "many" } },
    })
    expect(answer.body.message).toBe("Options JSON failed validation")
    expect(answer.body.data.errors).toMatchObject([
      { keyword: "type", instance: { pointer: "/service/instances" } },
    ])
  })

  test("a misspelt option is named, in the words of the old validator too", async () => {
    const config = { type: "object", properties: {}, additionalProperties: false }
    const { ask } = world(new Catalog([repository(revision({ config }))]))
    const answer = await ask("/package/render", { packageName: "web", options: { servce: {} } })
    expect(answer.body.data.errors).toMatchObject([
      {
        keyword: "additionalProperties",
        unwanted: ["servce"],
        message: "must not have additional properties: servce",
      },
    ])
  })

  test("installing while the app is still being removed is not taken for installed", async () => {
    const locked = { message: "App is locked by one or more deployments.", deployments: [{}] }
    const { ask } = world(undefined, () => ({ status: 409, body: locked }))
    const { status, body } = await ask("/package/install", { packageName: "web" })
    expect(status).toBe(409)
    expect(body).toMatchObject({
      type: "MarathonBadResponse",
      message: expect.stringContaining("still holds the app"),
    })
  })

  test("installing twice, and uninstalling one of two without saying which", async () => {
    const { ask } = world()
    await ask("/package/install", { packageName: "web" })
    expect((await ask("/package/install", { packageName: "web" })).status).toBe(409)
    await ask("/package/install", { packageName: "web", appId: "web2" })
    expect((await ask("/package/uninstall", { packageName: "web" })).body).toMatchObject({
      type: "AmbiguousAppId",
      data: { appIds: ["/web", "/web2"] },
    })
    expect(
      (await ask("/package/uninstall", { packageName: "web", all: true })).body.results,
    ).toHaveLength(2)
  })

  test.each([
    [422, "MarathonBadResponse", 400],
    [503, "MarathonBadGateway", 502],
  ])("Marathon's %d is passed on as %s", async (status, type, answered) => {
    const { ask } = world(undefined, () => ({
      status,
      body: { message: "Object is not valid", details: [] },
    }))
    const answer = await ask("/package/install", { packageName: "web" })
    expect([answer.status, answer.body.type]).toEqual([answered, type])
  })

  test("the content type, the accepted types and the body are each checked", async () => {
    const { ask } = world()
    expect(
      (await ask("/package/search", {}, { "content-type": "application/json" })).body.type,
    ).toBe("not_valid")
    expect((await ask("/package/search", {}, { accept: "text/html" })).body.type).toBe("not_valid")
    expect((await ask("/package/search", [], { accept: "text/html" })).body.type).toBe(
      "multiple_errors",
    )
  })

  test("describe version 2 cannot carry a package that says its upgrades", async () => {
    const upgradable = revision()
    const { ask } = world(
      new Catalog([
        repository({ ...upgradable, metadata: { ...upgradable.metadata, upgradesFrom: ["*"] } }),
      ]),
    )
    const v2 = "application/vnd.dcos.package.describe-response+json;charset=utf-8;version=v2"
    expect((await ask("/package/describe", { packageName: "web" }, { accept: v2 })).body.type).toBe(
      "ConversionFromPackageToV2DescribeResponse",
    )
    expect(
      (await ask("/package/describe", { packageName: "web" })).body.package.upgradesFrom,
    ).toEqual(["*"])
  })
})
