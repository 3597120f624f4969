import { describe, expect, test } from "bun:test"
import { connectCosmos, connectMarathon, connectMesos, type ClientContext } from "./connect.ts"

function contextWith(settings: Readonly<Record<string, string>>) {
  const urls: string[] = []
  const verified: unknown[] = []
  const context: ClientContext = {
    fetch: async (url, { verify }) => {
      urls.push(url)
      verified.push(verify)
      return Response.json({ apps: [], packages: [], data: "", offset: 0 })
    },
    signal: new AbortController().signal,
    version: "1",
    platform: "linux",
    verbosity: 0,
    settings: async () => ({ get: (key) => settings[key] }),
    noCluster: () => Promise.reject(new Error("no cluster")),
    note: () => undefined,
  }
  return { context, urls, verified }
}

const agent = { id: "S1", hostname: "a1", pid: "slave(1)@10.0.0.1:5051" }

describe("a service is found", () => {
  test.each([
    [{ "core.dcos_url": "http://m1/" }, "http://m1/service/marathon/v2/apps"],
    [{ "core.dcos_url": "http://m1", "marathon.url": "http://m2:8080" }, "http://m2:8080/v2/apps"],
  ])("with %j: Marathon at %s", async (settings, expected) => {
    const { context, urls } = contextWith(settings)
    await (await connectMarathon(context)).apps()
    expect(urls).toEqual([expected])
  })

  test.each([
    [
      { "core.dcos_url": "http://m1" },
      ["http://m1/mesos/state", "http://m1/agent/S1/files/read?path=f"],
    ],
    [
      { "core.dcos_url": "http://m1", "core.mesos_master_url": "http://m2:5050" },
      ["http://m2:5050/state", "http://10.0.0.1:5051/files/read?path=f"],
    ],
  ])("with %j: master and agents at %j", async (settings, expected) => {
    const { context, urls } = contextWith(settings)
    const mesos = await connectMesos(context)
    await mesos.state()
    await mesos.read(agent, "f")
    expect(urls).toEqual(expected)
  })

  test.each([
    [{ "core.dcos_url": "http://m1" }, "http://m1/package/search"],
    [{ "package.cosmos_url": "http://c", "core.dcos_url": "http://m1" }, "http://c/package/search"],
    [{ "core.mesos_master_url": "http://m2:5050" }, "http://m2:5050/package/search"],
  ])("with %j: packages at %s", async (settings, expected) => {
    const { context, urls } = contextWith(settings)
    await (await connectCosmos(context)).search("x")
    expect(urls).toEqual([expected])
  })
})

test("without any address there is no cluster", async () => {
  await expect(connectMarathon(contextWith({}).context)).rejects.toThrow("no cluster")
})

test("without the address it needs, a service says which setting is missing", async () => {
  const { context } = contextWith({ "core.mesos_master_url": "http://m2:5050" })
  await expect(connectMarathon(context)).rejects.toThrow(
    "the address of Marathon is not set. Please run `dcos config set marathon.url <url>` or `dcos config set core.dcos_url <url>`",
  )
})

test.each([
  ["true", true],
  ["false", false],
  ["/ca.crt", "/ca.crt"],
])("core.ssl_verify %s is %p", async (value, expected) => {
  const { context, verified } = contextWith({
    "core.dcos_url": "https://m",
    "core.ssl_verify": value,
  })
  await (await connectMarathon(context)).apps()
  expect(verified).toEqual([expected])
})
