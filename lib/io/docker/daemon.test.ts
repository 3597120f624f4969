import { expect, test } from "bun:test"
import { DockerDaemon } from "./daemon.ts"

test("an absent daemon is named once, with the remedy, however often the fault is explained", async () => {
  const daemon = new DockerDaemon("/nonexistent/docker.sock")
  const fault: unknown = await daemon.ping().catch((cause: unknown) => cause)
  const text =
    "the Docker daemon at /nonexistent/docker.sock cannot be reached (ENOENT): start it, for example with 'systemctl start docker'"
  expect((fault as Error).message).toBe(text)
  expect(daemon.explain(fault)).toBe(text)
})

test("what the daemon says is told in its own words", () => {
  const daemon = new DockerDaemon("/nonexistent/docker.sock")
  const said = "Get http://r/v2/: connection refused"
  const whole = new Error(`(HTTP code 500) server error - ${said} `)
  expect(daemon.explain(Object.assign(whole, { statusCode: 500, json: null }))).toBe(said)
  expect(daemon.explain(Object.assign(whole, { json: { message: said } }))).toBe(said)
})
