import { describe, expect, test } from "bun:test"
import { groupsOf, imageUser } from "./users.ts"

const files = {
  passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:101:102::/:/bin/sh\nbroken\n7:x:7:8::/:/bin/sh\n",
  group: "root:x:0:\nweb:x:102:\nlog:x:200:web,other\nmail:x:201: web\n",
}

describe("the user of an image", () => {
  test.each([
    ["web", { uid: 101, gid: 102, additionalGids: [200, 201] }],
    ["101", { uid: 101, gid: 102, additionalGids: [200, 201] }],
    ["web:log", { uid: 101, gid: 200, additionalGids: [] }],
    ["web:300", { uid: 101, gid: 300, additionalGids: [] }],
    ["4000", { uid: 4000, gid: 0, additionalGids: [] }],
    ["4000:4001", { uid: 4000, gid: 4001, additionalGids: [] }],
    // A name of digits goes before a number.
    ["7", { uid: 7, gid: 8, additionalGids: [] }],
  ] as const)("%s", (user, expected) => {
    expect<object | undefined>(imageUser(user, files)).toEqual(expected)
  })

  test.each(["nobody", "web:nogroup", "99999999999"])("'%s' is in none of its files", (user) => {
    expect(imageUser(user, files)).toBeUndefined()
  })

  test("belongs to the groups that list it", () => {
    expect(groupsOf(files.group, "other")).toEqual([200])
    expect(groupsOf(files.group, "root")).toEqual([])
  })
})
