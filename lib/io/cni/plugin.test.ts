import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { callPlugin } from "./plugin.ts"
import type { PluginCall } from "./plugin.ts"
import { FakePlugins } from "./testing/fake-plugins.ts"

let fake: FakePlugins
beforeEach(() => (fake = new FakePlugins()))
afterEach(() => fake[Symbol.dispose]())

const call = (more: Partial<PluginCall> = {}) =>
  callPlugin({
    command: "ADD",
    containerId: "c1",
    namespace: "/ns",
    interfaceName: "eth0",
    directories: ["/no/such", fake.plugins],
    config: { type: "fake", name: "net" },
    timeoutMs: 10_000,
    ...more,
  })

describe("a plugin", () => {
  test("is told what the interface says, and answers JSON", async () => {
    fake.plugin("fake", `ADD) echo "{\\"path\\":\\"$CNI_PATH\\"}";;`)
    expect(await call()).toEqual({ ok: true, value: { path: `/no/such:${fake.plugins}` } })
    expect(fake.calls).toEqual(["ADD fake c1 eth0 /ns"])
    expect(fake.told("fake", "ADD")).toEqual({ type: "fake", name: "net" })
  })

  test("may answer nothing", async () => {
    fake.plugin("fake", "DEL) ;;")
    expect(await call({ command: "DEL" })).toEqual({ ok: true, value: undefined })
  })

  test.each([
    [`echo '{"code":11,"msg":"no address","details":"pool is full"}'; exit 1`, "no address: pool"],
    ["echo to stderr >&2; exit 2", "to stderr"],
    ["exit 3", "it exited with 3"],
    ["kill -9 $$", "it was ended by SIGKILL"],
    ["echo '{'", "it answered no JSON: {"],
  ])("that does %j has failed", async (does, why) => {
    fake.plugin("fake", `ADD) ${does};;`)
    expect(await call()).toEqual({
      ok: false,
      error: expect.stringContaining(`plugin 'fake' failed to ADD: ${why}`),
    })
  })

  test("that is nowhere is named", async () => {
    expect(await call()).toEqual({
      ok: false,
      error: `no plugin 'fake' is in /no/such or ${fake.plugins}: install it there`,
    })
  })

  test("that does not end is ended with what it started", async () => {
    const later = `${fake.root}/later`
    fake.plugin("fake", `ADD) (sleep 1; touch ${later}) & sleep 1000;;`)
    expect(await call({ timeoutMs: 50 })).toEqual({
      ok: false,
      error: "plugin 'fake' failed to ADD: it did not end within 0.05 seconds",
    })
    const controller = new AbortController()
    const given = call({ signal: controller.signal })
    controller.abort()
    expect(await given).toEqual({
      ok: false,
      error: "plugin 'fake' failed to ADD: the launch was given up",
    })
    expect(existsSync(later)).toBe(false)
  })
})
