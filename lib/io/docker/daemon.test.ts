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
