/** Images in files: OCI layouts, and archives that docker save makes. */
import { expect, test } from "bun:test"
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { architecture, sha256 } from "#lib/io/images/testing/fake-registry.ts"
import {
  failure,
  open,
  place,
  pulled,
  read,
  staged,
  withRoot,
  useWorld,
} from "#lib/io/images/testing/image-world.ts"
import { buildTar } from "#lib/io/images/testing/tar-builder.ts"

useWorld()

withRoot("files", () => {
  /** An OCI layout of what the registry of the test has, in a directory. */
  function layout(directory: string, images: Readonly<Record<string, string>>): void {
    mkdirSync(`${directory}/blobs/sha256`, { recursive: true })
    const put = (bytes: string | Uint8Array): string => {
      const digest = sha256(bytes)
      writeFileSync(`${directory}/blobs/sha256/${digest.slice(7)}`, bytes)
      return digest
    }
    const manifests = Object.entries(images).map(([name, content]) => {
      const tar = buildTar([{ path: "file", content }])
      const config = JSON.stringify({
        architecture,
        os: "linux",
        config: {},
        rootfs: { diff_ids: [sha256(tar)] },
      })
      const manifest = JSON.stringify({
        schemaVersion: 2,
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: put(config),
          size: config.length,
        },
        layers: [
          {
            mediaType: "application/vnd.oci.image.layer.v1.tar",
            digest: put(tar),
            size: tar.length,
          },
        ],
      })
      return {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: put(manifest),
        size: manifest.length,
        annotations: { "org.opencontainers.image.ref.name": name },
      }
    })
    writeFileSync(`${directory}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}')
    writeFileSync(`${directory}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }))
  }

  test("an OCI layout is a source of images, by their tags", async () => {
    layout(`${place}/layout`, { one: "1", two: "2" })
    const name = `file://${place}/layout`
    expect(read(await pulled(open(), { name: `${name}#two` }), 0, "file")).toBe("2")
    expect(await failure(open(), { name })).toContain(
      "holds several images: name one of them behind '#', of one, two",
    )
    expect(await failure(open(), { name: `${name}#three` })).toContain(
      "there is no 'three' in it, but one, two",
    )
    expect(await failure(open(), { name: `${place}/nothing` })).toContain("there is no file")
  })

  test("a layout that was changed is read again", async () => {
    layout(`${place}/layout`, { one: "1" })
    const store = open()
    expect(read(await pulled(store, { name: `${place}/layout` }), 0, "file")).toBe("1")
    rmSync(`${place}/layout`, { recursive: true })
    layout(`${place}/layout`, { one: "changed" })
    utimesSync(`${place}/layout/index.json`, 1, 1)
    expect(read(await pulled(store, { name: `${place}/layout` }), 0, "file")).toBe("changed")
  })

  test("an archive of docker save is one too, also as the registry of names without a host", async () => {
    const tar = buildTar([{ path: "file", content: "saved" }])
    const config = JSON.stringify({
      architecture,
      os: "linux",
      config: { Cmd: ["x"] },
      rootfs: { diff_ids: [sha256(tar)] },
    })
    const manifest = JSON.stringify([
      { Config: "c.json", RepoTags: ["team/web:2"], Layers: ["1/layer.tar"] },
    ])
    const archive = buildTar([
      { path: "1/", type: "5" },
      { path: "1/layer.tar", content: tar },
      { path: "c.json", content: config },
      { path: "manifest.json", content: manifest },
    ])
    mkdirSync(`${place}/images/team`, { recursive: true })
    writeFileSync(`${place}/images/team/web:2.tar`, archive)
    const registryDirectory = { kind: "directory", path: `${place}/images` } as const
    const root = await pulled(open({ registry: registryDirectory }), { name: "team/web:2" })
    expect([read(root, 0, "file"), root.config.command]).toEqual(["saved", ["x"]])
    expect(staged()).toEqual([])
    expect(
      await failure(open({ registry: registryDirectory }), { name: "team/web:3" }),
    ).toStartWith("notFound: ")
    // Without a tag Mesos looks for a file without one.
    writeFileSync(`${place}/images/team/web.tar`, archive)
    const untagged = await pulled(open({ registry: registryDirectory }), { name: "team/web" })
    expect(untagged.reference).toBe(`file://${place}/images/team/web.tar`)
    writeFileSync(`${place}/images/team/web:latest.tar`, archive)
    const tagged = await pulled(open({ registry: registryDirectory }), { name: "team/web" })
    expect(tagged.reference).toBe(`file://${place}/images/team/web:latest.tar`)
  })

  test("an archive whose layers are links to the agent's own files is refused", async () => {
    const config = JSON.stringify({
      architecture,
      os: "linux",
      rootfs: { diff_ids: [sha256("x")] },
    })
    const archive = buildTar([
      { path: "layer.tar", type: "2", link: "/etc/passwd" },
      { path: "c.json", content: config },
      {
        path: "manifest.json",
        content: JSON.stringify([{ Config: "c.json", Layers: ["layer.tar"] }]),
      },
    ])
    writeFileSync(`${place}/evil.tar`, archive)
    expect(await failure(open(), { name: `${place}/evil.tar` })).toContain(
      "'layer.tar' leads out of it",
    )
    expect(staged()).toEqual([])
  })
})
