import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs"
import type { ImageConfig, ImageStore } from "#lib/ports/index.ts"
import { ok } from "#lib/std/result.ts"

const NOTHING: ImageConfig = {
  entrypoint: [],
  command: [],
  environment: {},
  user: undefined,
  workingDirectory: undefined,
  volumes: [],
  stopSignal: undefined,
  labels: {},
}

/** A store, below this directory, whose every image is one layer of busybox with this configuration. */
export function boxImages(directory: string, config: Partial<ImageConfig> = {}): ImageStore {
  const path = `${mkdtempSync(`${directory}/images-`)}/layers/box/fs`
  for (const name of ["bin", "etc", "tmp"]) mkdirSync(`${path}/${name}`, { recursive: true })
  chmodSync(`${path}/tmp`, 0o1777)
  copyFileSync(Bun.which("busybox") ?? "/bin/busybox", `${path}/bin/busybox`)
  const applets = [
    "sh",
    "cat",
    "ls",
    "head",
    "grep",
    "mkdir",
    "mount",
    "readlink",
    "sleep",
    "touch",
  ]
  for (const name of applets) symlinkSync("busybox", `${path}/bin/${name}`)
  return {
    pull: ({ reference }) =>
      Promise.resolve(
        ok({
          reference,
          digest: "sha256:box",
          config: { ...NOTHING, ...config, environment: { PATH: "/bin", ...config.environment } },
          layers: [{ id: "sha256:layer", path }],
        }),
      ),
    hold: () => {},
    release: () => {},
    prune: () => Promise.resolve({ images: [], bytes: 0 }),
  }
}
