import { expect, test } from "bun:test"
import { settingsFrom } from "#lib/std/daemon-settings.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { fetcherOptions } from "./fetcher-options.ts"

const AWS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t" }

test("takes keys of the environment, but no token beside a key of the settings", () => {
  const given = (values: object, env: Record<string, string>) =>
    fetcherOptions(settingsFrom(AGENT_SETTINGS, values), { homeDir: "/", env }).objectStore
  expect(given({}, AWS)).toMatchObject({ accessKeyId: "id", sessionToken: "t" })
  const own = { fetcherS3AccessKey: "own", fetcherS3SecretKey: "secret" }
  expect(given(own, { ...AWS, AWS_REGION: "eu" })).toEqual({
    endpoint: undefined,
    region: "eu",
    accessKeyId: "own",
    secretAccessKey: "secret",
    sessionToken: undefined,
  })
})

test("reads sizes and times as Mesos writes them", () => {
  const settings = settingsFrom(AGENT_SETTINGS, { fetcherCacheSize: "1MB" })
  expect(fetcherOptions(settings, { homeDir: "/", env: {} })).toMatchObject({
    cacheBytes: 1024 * 1024,
    stallTimeoutMs: 60_000,
  })
})
