import { expect, test } from "bun:test"
import { existsSync, writeFileSync } from "node:fs"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { exitedStatus } from "#lib/io/host/wait-status.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { ProcessRuntime } from "./process-runtime.ts"

const LAUNCHER = new URL("../testing/launcher.ts", import.meta.url).pathname

/** Launches the containers from a process of its own and kills that process with SIGKILL. */
async function launchAndCrash(place: TestPlace, specs: readonly ContainerSpec[]): Promise<void> {
  const input = JSON.stringify({ runtimeDir: place.runtimeDir, specs })
  const agent = Bun.spawn([process.execPath, LAUNCHER, input], { stdout: "pipe" })
  const { value } = await agent.stdout.getReader().read()
  expect(new TextDecoder().decode(value)).toBe("launched\n")
  agent.kill("SIGKILL")
  await agent.exited
}

test("a SIGKILL of the agent loses no task and no exit code", async () => {
  using place = new TestPlace()
  const waiting = "while [ ! -e go ]; do sleep 0.01; done; echo done; exit"
  const survivor = place.spec(`${waiting} 7`)
  const ended = place.spec(`${waiting} 8`)
  await launchAndCrash(place, [survivor, ended])
  writeFileSync(`${ended.sandbox}/go`, "")
  await until(() => existsSync(`${place.runtimeDir}/ended/${ended.containerId}`))

  const exits = new Exits()
  const runtime = new ProcessRuntime({ runtimeDir: place.runtimeDir, address: "127.0.0.1" })
  runtime.onExit(exits.listen)
  expect(await runtime.recover(ended)).toEqual({
    kind: "exited",
    exit: { status: exitedStatus(8) },
  })
  expect(place.read(ended)).toBe("done\n")
  expect((await runtime.recover(survivor)).kind).toBe("running")
  writeFileSync(`${survivor.sandbox}/go`, "")
  expect(await exits.of(survivor)).toEqual({ status: exitedStatus(7) })
  expect(place.read(survivor)).toBe("done\n")
  await runtime.close()
})

test("a task found again after a SIGKILL of the agent can be killed", async () => {
  using place = new TestPlace()
  const spec = place.spec("trap '' TERM; sleep 1000 & wait; wait; sleep 1000")
  await launchAndCrash(place, [spec])
  const exits = new Exits()
  const runtime = new ProcessRuntime({ runtimeDir: place.runtimeDir, address: "127.0.0.1" })
  runtime.onExit(exits.listen)
  expect((await runtime.recover(spec)).kind).toBe("running")
  await runtime.kill(spec.containerId, { force: true })
  expect(await exits.of(spec)).toEqual({ status: 9 })
  await runtime.close()
})
