import protobufjs from "protobufjs/light.js"
import { must } from "#lib/std/assert.ts"

const text = (id: number) => ({ id, type: "string" })
const texts = (id: number) => ({ id, type: "string", keyType: "string" })
const message = (id: number, type: string) => ({ id, type })
const list = (id: number, type: string) => ({ id, type, rule: "repeated" })
const none = { fields: {} }

/**
 * What an agent says to the node service of a plugin, and hears; in proto3, so that members at their
 * default are not written. Source: https://github.com/container-storage-interface/spec (csi.proto, v1).
 */
const MESSAGES = {
  ProbeRequest: none,
  ProbeResponse: { fields: { ready: message(1, "BoolValue") } },
  BoolValue: { fields: { value: { id: 1, type: "bool" } } },
  NodeGetCapabilitiesRequest: none,
  NodeGetCapabilitiesResponse: { fields: { capabilities: list(1, "NodeServiceCapability") } },
  NodeServiceCapability: { fields: { rpc: message(1, "NodeRpc") } },
  NodeRpc: { fields: { type: { id: 1, type: "int32" } } },
  VolumeCapability: {
    oneofs: { accessType: { oneof: ["block", "mount"] } },
    fields: {
      block: message(1, "BlockVolume"),
      mount: message(2, "MountVolume"),
      accessMode: message(3, "AccessMode"),
    },
  },
  BlockVolume: none,
  MountVolume: { fields: { fsType: text(1), mountFlags: list(2, "string") } },
  AccessMode: { fields: { mode: { id: 1, type: "int32" } } },
  NodeStageVolumeRequest: {
    fields: {
      volumeId: text(1),
      stagingTargetPath: text(3),
      volumeCapability: message(4, "VolumeCapability"),
      secrets: texts(5),
      volumeContext: texts(6),
    },
  },
  NodeStageVolumeResponse: none,
  NodeUnstageVolumeRequest: { fields: { volumeId: text(1), stagingTargetPath: text(2) } },
  NodeUnstageVolumeResponse: none,
  NodePublishVolumeRequest: {
    fields: {
      volumeId: text(1),
      stagingTargetPath: text(3),
      targetPath: text(4),
      volumeCapability: message(5, "VolumeCapability"),
      readonly: { id: 6, type: "bool" },
      secrets: texts(7),
      volumeContext: texts(8),
    },
  },
  NodePublishVolumeResponse: none,
  NodeUnpublishVolumeRequest: { fields: { volumeId: text(1), targetPath: text(2) } },
  NodeUnpublishVolumeResponse: none,
} satisfies Record<string, protobufjs.IType>

/** The name of a message of the interface. */
export type CsiMessage = keyof typeof MESSAGES

const root = protobufjs.Root.fromJSON({ nested: { csi: { nested: MESSAGES } } })

const typeOf = (name: CsiMessage): protobufjs.Type =>
  must(root.lookup(`csi.${name}`, protobufjs.Type), `there is a message ${name}`) as protobufjs.Type

/** Bytes of a message; members that are undefined are left out. */
export function encodeCsi(name: CsiMessage, value: Readonly<Record<string, unknown>>): Buffer {
  const type = typeOf(name)
  return Buffer.from(type.encode(type.fromObject(value)).finish())
}

/** A message as a plain object, with lists where there are none. Throws for bytes that are none. */
export const decodeCsi = (name: CsiMessage, bytes: Uint8Array): Readonly<Record<string, unknown>> =>
  typeOf(name).toObject(typeOf(name).decode(bytes), { arrays: true })
