import { defineCommand, flag } from "#lib/cli/index.ts"

/** Refreshed the package cache of CLI 0.3. Now the cluster keeps the packages: nothing to do. */
export const command = defineCommand({
  input: { validate: flag("Accepted for old scripts.", { hidden: true }) },
  run: () => Promise.resolve(),
})
