import { group, lazy, type CommandTable } from "#lib/cli/index.ts"

/**
 * Every command: a line gives its word, what it is for, and the module that holds it. The module's
 * path is the command line (`cmd/marathon/app/list.ts` is `dcos marathon app list`); it is loaded
 * when the command is used, and none loads another.
 */
export const table: CommandTable = {
  version: lazy("Print version information", () => import("./version.ts")),
  root: group("Command line utility for the datacenter operating system (DC/OS)", {
    config: group("Manage the DC/OS configuration file", {
      keys: lazy("List the configuration keys", () => import("./config/keys.ts")),
      set: lazy("Add or set a property", () => import("./config/set.ts")),
      show: lazy("Print the configuration file", () => import("./config/show.ts")),
      unset: lazy("Remove a property", () => import("./config/unset.ts")),
      validate: lazy("Validate the configuration", () => import("./config/validate.ts")),
    }),
    help: lazy("Display help for the commands", () => import("./help.ts")),
    marathon: group("Deploy and manage applications", {
      app: group("Manage applications", {
        list: lazy("List the applications", () => import("./marathon/app/list.ts")),
      }),
    }),
  }),
}
