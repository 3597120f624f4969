import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"

/** Notes each call and its configuration, then does what its script says. */
const script = (place: string, type: string, does: string): string => `#!/bin/sh
echo "$CNI_COMMAND ${type} $CNI_CONTAINERID $CNI_IFNAME $CNI_NETNS" >>'${place}/calls'
cat >"${place}/${type}.$CNI_COMMAND.json"
case $CNI_COMMAND in
${does}
esac
`

/** A directory with plugins that are shell scripts, and one that describes networks. */
export class FakePlugins {
  readonly root = mkdtempSync(`${tmpdir()}/dcos-cni-`)
  readonly plugins = `${this.root}/plugins`
  readonly configs = `${this.root}/configs`

  constructor() {
    mkdirSync(this.plugins)
    mkdirSync(this.configs)
  }

  /** Makes a plugin that answers with an address, or does what the cases of a shell's `case` say. */
  plugin(type: string, does: string | { readonly address: string }): void {
    const cases =
      typeof does === "string" ? does : `ADD) echo '{"ips":[{"address":"${does.address}/24"}]}';;`
    writeFileSync(`${this.plugins}/${type}`, script(this.root, type, cases), { mode: 0o755 })
  }

  /** Describes a network. */
  network(config: { readonly name: string; readonly [key: string]: unknown }): void {
    writeFileSync(`${this.configs}/${config.name}.conf`, JSON.stringify(config))
  }

  /** All calls so far: command, plugin, container, interface and namespace. */
  get calls(): readonly string[] {
    try {
      return readFileSync(`${this.root}/calls`, "utf8").trimEnd().split("\n")
    } catch {
      return []
    }
  }

  /** What a plugin was last told. */
  told(type: string, command: "ADD" | "DEL"): unknown {
    return JSON.parse(readFileSync(`${this.root}/${type}.${command}.json`, "utf8"))
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
