import { expect, test } from "bun:test"
import { missingPackages, platformOf } from "./generate-lock.ts"

test.each([
  ["@x/binding-linux-arm64-musl", { os: ["linux"], cpu: ["arm64"], libc: ["musl"] }],
  ["@x/binding-linux-arm-gnueabihf", { os: ["linux"], cpu: ["arm"], libc: ["glibc"] }],
  ["@x/binding-win32-x64-msvc", { os: ["win32"], cpu: ["x64"] }],
  ["@x/darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
  ["cpu-features", undefined],
])("reads the platform of %s from its name", (name, platform) => {
  expect(platformOf(name)).toEqual(platform)
})

test("adds what a package lists and the lock lacks, and nothing else", () => {
  const packages = {
    "": {},
    "node_modules/tool": {
      dev: true,
      optionalDependencies: {
        "@tool/darwin-x64": "1.2.3",
        "@tool/linux-x64": "1.2.3",
        buildcheck: "~0.0.6",
      },
    },
    "node_modules/@tool/linux-x64": { version: "1.2.3" },
  }
  expect(missingPackages(packages)).toEqual({
    "node_modules/@tool/darwin-x64": {
      version: "1.2.3",
      os: ["darwin"],
      cpu: ["x64"],
      dev: true,
      optional: true,
    },
  })
})
