import { describe, expect, test } from "bun:test"
import { parseNetwork } from "./network.ts"

const parse = (json: unknown) => parseNetwork(JSON.stringify(json))

describe("a network's configuration", () => {
  test("is that of one plugin", () => {
    const bridge = { name: "net", cniVersion: "0.2.0", type: "bridge", ipam: { type: "static" } }
    expect(parse(bridge)).toEqual({
      ok: true,
      value: { name: "net", cniVersion: "0.2.0", plugins: [bridge] },
    })
  })

  test("or a list of several, whatever its file is called", () => {
    const plugins = [{ type: "bridge" }, { type: "portmap", capabilities: { portMappings: true } }]
    expect(parse({ name: "net", plugins })).toEqual({ ok: true, value: { name: "net", plugins } })
  })

  test("of Mesos' port mapper is that of its delegate, followed by the standard one", () => {
    const delegate = { type: "bridge", bridge: "m-dcos" }
    const config = {
      name: "dcos",
      type: "mesos-cni-port-mapper",
      chain: "M-DCOS",
      excludeDevices: ["m-dcos"],
      delegate,
    }
    expect(parse(config)).toEqual({
      ok: true,
      value: {
        name: "dcos",
        plugins: [
          delegate,
          {
            type: "portmap",
            capabilities: { portMappings: true },
            conditionsV4: ["!", "-i", "m-dcos"],
          },
        ],
      },
    })
  })

  test.each([
    [[], "it must be a JSON object"],
    [{ type: "bridge" }, "'name' must be a text"],
    [{ name: "../x", type: "bridge" }, "'name' must begin with a letter or digit"],
    [{ name: "a", cniVersion: 1, type: "bridge" }, "'cniVersion' must be a text"],
    [{ name: "a", plugins: [] }, "'plugins' must be a list of at least one"],
    [{ name: "a", plugins: ["bridge"] }, "every plugin must be an object with a 'type'"],
    [{ name: "a" }, "every plugin must be an object with a 'type'"],
    [{ name: "a", type: "../sh" }, "'type' must be the name of a program"],
    [{ name: "a", type: "mesos-cni-port-mapper" }, "'delegate' of mesos-cni-port-mapper: every"],
    [
      {
        name: "a",
        type: "mesos-cni-port-mapper",
        delegate: { type: "bridge" },
        excludeDevices: ["a", "b"],
      },
      "'excludeDevices' of mesos-cni-port-mapper can name one device",
    ],
  ])("%j is refused", (json, problem) => {
    expect(parse(json)).toEqual({ ok: false, error: expect.stringContaining(problem) })
  })

  test("that is no JSON is refused", () => {
    expect(parseNetwork("{")).toEqual({ ok: false, error: expect.stringContaining("no JSON") })
  })
})
