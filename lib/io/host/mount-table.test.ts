import { expect, test } from "bun:test"
import { mountOf, parseMounts } from "./mount-table.ts"

const table = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:20 / /run rw shared:5 - tmpfs tmpfs rw
31 30 254:0 /a\\040b /run/user rw,relatime master:3 shared:7 - ext4 /dev/vda rw
32 30 0:30 / /run/user rw master:5 - tmpfs tmpfs rw
`

test("a mount table says what is mounted where, and who hears of mounts below", () => {
  expect(parseMounts(table)).toEqual([
    { root: "/", path: "/", shared: false },
    { root: "/", path: "/run", shared: true },
    { root: "/a b", path: "/run/user", shared: true },
    { root: "/", path: "/run/user", shared: false },
  ])
})

test("a path lies in the innermost and uppermost mount", () => {
  const shared = (path: string) => mountOf(path, parseMounts(table))?.shared
  expect(["/etc", "/run", "/run/x", "/run/user", "/run/user/1", "/runner"].map(shared)).toEqual([
    false,
    true,
    true,
    false,
    false,
    false,
  ])
})
