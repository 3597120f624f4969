import { describe, expect, test } from "bun:test"
import { runInMemory, type FakeRoutes, type MemoryRunOptions } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const HELLO = {
  packagingVersion: "4.0",
  name: "helloworld",
  version: "0.1.0",
  description: "Answers with a page.",
  selected: true,
  framework: false,
  preInstallNotes: "Before.",
  postInstallNotes: "Try it.",
  marathon: { v2AppMustacheTemplate: btoa('{"id":"{{service.name}}"}') },
  config: { type: "object" },
}

const INSTALLED = [
  {
    appId: "/helloworld",
    packageInformation: { packageDefinition: HELLO, resourceDefinition: {} },
  },
  {
    appId: "/kafka",
    packageInformation: {
      packageDefinition: {
        name: "kafka",
        version: "2.10.0",
        description: "A log.\nFor events.",
        framework: true,
      },
      resourceDefinition: { cli: { binaries: {} } },
    },
  },
  {
    appId: "/dev/kafka",
    packageInformation: {
      packageDefinition: {
        name: "kafka",
        version: "2.10.0",
        description: "A log.\nFor events.",
        framework: true,
      },
    },
  },
]

const ROUTES: FakeRoutes = {
  "POST /package/describe": { package: HELLO },
  "POST /package/install": {
    packageName: "helloworld",
    packageVersion: "0.1.0",
    appId: "/helloworld",
  },
  "POST /package/list": { packages: INSTALLED },
  "POST /package/list-versions": { results: { "0.1.0": "1", "0.2.0": "3", "0.1.5": "2" } },
  "POST /package/render": { marathonJson: { id: "/hi" } },
  "POST /package/repository/list": { repositories: [{ name: "Universe", uri: "https://u" }] },
  "POST /package/search": {
    packages: [
      {
        name: "helloworld",
        currentVersion: "0.1.0",
        selected: true,
        framework: false,
        description: "Answers.",
      },
      { name: "kafka", currentVersion: "2.10.0", framework: true, description: "x".repeat(80) },
    ],
  },
  "POST /package/uninstall": {
    results: [
      {
        packageName: "helloworld",
        appId: "/helloworld",
        packageVersion: "0.1.0",
        postUninstallNotes: "Bye.",
      },
    ],
  },
}

const dcosPackage = (line: string, more: MemoryRunOptions = {}) =>
  runInMemory(table, `package ${line}`, { routes: ROUTES, ...more })

describe("dcos package search", () => {
  test("shows what there is", async () => {
    expect((await dcosPackage("search")).out).toMatchInlineSnapshot(`
      "     NAME     VERSION  CERTIFIED  FRAMEWORK                                    DESCRIPTION                                    
        helloworld  0.1.0    true       false      Answers.                                                                         
        kafka       2.10.0   false      true       xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...  
      "
    `)
  })

  test("asks with Cosmos' media types", async () => {
    const { calls } = await dcosPackage("search hello --json")
    expect(calls[0]?.body).toEqual({ query: "hello" })
    expect(calls[0]?.headers.get("content-type")).toBe(
      "application/vnd.dcos.package.search-request+json;charset=utf-8;version=v1",
    )
    expect(calls[0]?.headers.get("accept")).toBe(
      "application/vnd.dcos.package.search-response+json;charset=utf-8;version=v1,application/vnd.dcos.package.error+json;charset=utf-8;version=v1",
    )
  })

  test("fails when nothing fits", async () => {
    const routes = { "POST /package/search": { packages: [] } }
    expect(await dcosPackage("search nope", { routes })).toMatchObject({
      code: 1,
      errors: "Error: no packages found\n",
    })
  })
})

describe("dcos package list", () => {
  test("shows a line for each package, with its apps", async () => {
    expect((await dcosPackage("list")).out).toMatchInlineSnapshot(`
      "     NAME     VERSION  CERTIFIED      APP      COMMAND      DESCRIPTION       
        helloworld  0.1.0    true       /helloworld  ---      Answers with a page.  
        kafka       2.10.0   false      /dev/kafka   kafka    A log....             
                                        /kafka                                      
      "
    `)
  })

  test("prints the same as JSON, in the old spelling too", async () => {
    const { out } = await dcosPackage("list --json")
    expect((await dcosPackage("list-installed")).out).toBe(out)
    expect(JSON.parse(out)).toMatchObject([
      { name: "helloworld", version: "0.1.0", apps: ["/helloworld"] },
      { name: "kafka", apps: ["/dev/kafka", "/kafka"], command: { name: "kafka" } },
    ])
  })

  test.each([
    ["list nope", "cannot find packages matching the provided filter"],
    ["list --app-id=/x", "cannot find packages matching the provided filter"],
    [
      "list",
      "There are currently no installed packages. Please use `dcos package install` to install a package.",
    ],
  ])("`%s` of nothing fails", async (line, message) => {
    const routes = { "POST /package/list": { packages: [] } }
    expect(await dcosPackage(line, { routes })).toMatchObject({
      code: 1,
      errors: `Error: ${message}\n`,
    })
    expect(await dcosPackage("list-installed", { routes })).toMatchObject({ code: 0, out: "[]\n" })
  })
})

describe("dcos package install", () => {
  test("shows the notes, asks, and installs the version it has described", async () => {
    const { code, out, errors, calls } = await dcosPackage("install helloworld", { input: "yes\n" })
    expect(code).toBe(0)
    expect(out).toBe("Continue installing? [yes/no] ")
    expect(errors).toBe(
      "Before.\nInstalling Marathon app for package [helloworld] version [0.1.0]\nTry it.\n",
    )
    expect(calls.at(-1)?.body).toEqual({ packageName: "helloworld", packageVersion: "0.1.0" })
  })

  test("passes options and id on", async () => {
    const files = { "o.json": '{"a":{"b":1}}' }
    const line = "install helloworld --options=o.json --app-id=/hi --package-version=0.1.0 --yes"
    const { out, calls } = await dcosPackage(line, { files })
    expect(out).toBe("")
    expect(calls[0]?.body).toEqual({ packageName: "helloworld", packageVersion: "0.1.0" })
    expect(calls[1]?.body).toMatchObject({ appId: "/hi", options: { a: { b: 1 } } })
  })

  test.each(["no\n", "n\n", "what\nwhat\nwhat\n", ""])("installs nothing on %j", async (input) => {
    const { code, errors, calls } = await dcosPackage("install helloworld", { input })
    expect(code).toBe(1)
    expect(errors).toEndWith("Error: couldn't get confirmation\n")
    expect(calls.map(({ path }) => path)).toEqual(["/package/describe"])
  })

  test("warns of what nobody vouches for", async () => {
    const routes = {
      ...ROUTES,
      "POST /package/describe": { package: { ...HELLO, selected: false } },
    }
    const { errors } = await dcosPackage("install helloworld --yes", { routes })
    expect(errors).toStartWith("This is a Community service.")
  })

  test.each([
    ["install x --app --cli", {}, "--app and --cli are mutually exclusive"],
    ["install x --options=none.json", {}, "couldn't find options file 'none.json'"],
    [
      "install x --options=o.json",
      { files: { "o.json": "1" } },
      "error loading JSON: it must be one object in braces",
    ],
  ])("`%s` is refused before anything is asked", async (line, more, message) => {
    const { errors, calls } = await dcosPackage(line, more)
    expect(errors).toBe(`Error: ${message}\n`)
    expect(calls).toEqual([])
  })

  test("says which option does not fit", async () => {
    const mismatch = {
      type: "JsonSchemaMismatch",
      message: "Options JSON failed validation",
      data: { errors: [{ instance: { pointer: "/service/cpus" }, message: "expected a number" }] },
    }
    const routes = { ...ROUTES, "POST /package/install": Response.json(mismatch, { status: 400 }) }
    const { code, errors } = await dcosPackage("install helloworld --yes", { routes })
    expect(code).toBe(1)
    expect(errors).toEndWith(
      "Error: Options JSON failed validation\n  /service/cpus: expected a number\n",
    )
  })
})

describe("dcos package uninstall", () => {
  test.each([
    ["uninstall helloworld", "helloworld\n"],
    ["uninstall helloworld --all", "uninstall all helloworld\n"],
    ["uninstall helloworld --app-id=/helloworld", "/helloworld\n"],
    ["uninstall helloworld --yes", ""],
  ])("`%s` goes on after %j", async (line, input) => {
    const { code, errors } = await dcosPackage(line, { input })
    expect(code).toBe(0)
    expect(errors).toEndWith("Uninstalled package [helloworld] version [0.1.0]\nBye.\n")
  })

  test("gives up after three wrong answers", async () => {
    const { code, errors, calls } = await dcosPackage("uninstall helloworld", {
      input: "a\nb\nc\nhelloworld\n",
    })
    expect(code).toBe(1)
    expect(errors).toContain("Expected 'helloworld'. You supplied 'b'.\n")
    expect(errors).toEndWith("Error: cancelling uninstall\n")
    expect(calls.map(({ path }) => path)).toEqual(["/package/list"])
  })

  test("does not ask for what is not installed", async () => {
    const routes = { "POST /package/list": { packages: [] } }
    expect(await dcosPackage("uninstall x", { routes })).toMatchObject({
      code: 1,
      out: "",
      errors: "Error: Package [x] is not installed\n",
    })
  })
})

describe("dcos package describe", () => {
  test.each([
    ["describe helloworld", { package: HELLO }],
    ["info helloworld", { package: HELLO }],
    ["describe helloworld --package-versions", ["0.2.0", "0.1.5", "0.1.0"]],
    ["describe helloworld --config", { type: "object" }],
    ["describe helloworld --app --render --app-id=/hi", { id: "/hi" }],
    ["describe helloworld --cli", {}],
  ])("`%s` prints JSON", async (line, expected) => {
    expect(JSON.parse((await dcosPackage(line)).out)).toEqual(expected)
  })

  test("prints the template as it is", async () => {
    expect((await dcosPackage("describe helloworld --app")).out).toBe('{"id":"{{service.name}}"}\n')
  })

  test("says what the package service says", async () => {
    const refusal = { type: "PackageNotFound", message: "Package [x] not found" }
    const routes = { "POST /package/describe": Response.json(refusal, { status: 400 }) }
    expect((await dcosPackage("describe x", { routes })).errors).toBe(
      "Error: Package [x] not found\n",
    )
  })
})

test("dcos package repo list, and its old name", async () => {
  expect((await dcosPackage("repo list")).out).toBe("Universe: https://u\n")
  expect((await dcosPackage("sources")).out).toBe("Universe: https://u\n")
  expect(JSON.parse((await dcosPackage("repo list --json")).out)).toEqual({
    repositories: [{ name: "Universe", uri: "https://u" }],
  })
})

test("dcos package update has nothing left to do", async () => {
  expect(await dcosPackage("update --validate")).toMatchObject({ code: 0, out: "", errors: "" })
})

test("packages are found behind the Mesos master where only that is known", async () => {
  const env = { DCOS_URL: "", DCOS_MESOS_MASTER_URL: "http://cluster" }
  expect((await dcosPackage("repo list", { env })).out).toBe("Universe: https://u\n")
})
