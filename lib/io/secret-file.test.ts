import { expect, test } from "bun:test"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSecretFile } from "./secret-file.ts"

test("makes a secret once, for its owner's eyes only", () => {
  const folder = mkdtempSync(join(tmpdir(), "secret-"))
  const path = join(folder, "deep/token")
  const first = openSecretFile(path)
  expect(first.created).toBe(true)
  expect(first.secret.length).toBeGreaterThanOrEqual(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(openSecretFile(path)).toEqual({ secret: first.secret, created: false })
  rmSync(folder, { recursive: true })
})
