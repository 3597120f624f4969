import type { PathId, Timestamp } from "../model/index.ts"

/** What all of Marathon's keys start with. */
export const PREFIX = "/marathon/"

/** The version of the stored forms; a store that says another was written by another release. */
export const SCHEMA_VERSION = 1

/** The key of each thing that Marathon stores: one key per thing, so that a change costs its size. */
export const keys = {
  schema: `${PREFIX}schema`,
  framework: `${PREFIX}framework`,
  app: (id: PathId, version: Timestamp): string => `${PREFIX}apps${id}/${version}`,
  /** Which version of an app is in the root group; absent once it was removed. */
  current: (id: PathId): string => `${PREFIX}current${id}`,
  group: (id: PathId): string => `${PREFIX}groups${id}`,
  root: (version: Timestamp): string => `${PREFIX}root/${version}`,
  instance: (id: string): string => `${PREFIX}instances/${id}`,
  deployment: (id: string): string => `${PREFIX}deployments/${id}`,
  delays: (id: PathId): string => `${PREFIX}delays${id}`,
  failure: (id: PathId): string => `${PREFIX}failures${id}`,
}
