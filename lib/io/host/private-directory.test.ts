import { expect, test } from "bun:test"
import { statSync } from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { makePrivateDirectory } from "./private-directory.ts"

test("closes the directory itself, not those above it", () => {
  using place = new TestPlace()
  makePrivateDirectory(`${place.root}/work/meta`)
  makePrivateDirectory(`${place.root}/work/meta`)
  expect(statSync(`${place.root}/work/meta`).mode & 0o777).toBe(0o700)
  expect(statSync(`${place.root}/work`).mode & 0o005).toBe(0o005)
})
