import { readCatalog } from "./read-catalog.ts" with { type: "macro" }

/** The files of the local universe, by path: "helloworld/1.0.0/package.json" to its text. */
export const embeddedCatalog = (): ReadonlyMap<string, string> =>
  new Map(JSON.parse(readCatalog()) as [string, string][])
