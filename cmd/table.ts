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
      about: lazy("Print information about Marathon", () => import("./marathon/about.ts")),
      app: group("Manage applications", {
        add: lazy("Add an application", () => import("./marathon/app/add.ts")),
        kill: lazy("Kill the tasks of an application", () => import("./marathon/app/kill.ts")),
        list: lazy("List the applications", () => import("./marathon/app/list.ts")),
        remove: lazy("Remove an application", () => import("./marathon/app/remove.ts")),
        restart: lazy("Restart an application", () => import("./marathon/app/restart.ts")),
        show: lazy("Show an application", () => import("./marathon/app/show.ts")),
        start: lazy("Start an application", () => import("./marathon/app/start.ts")),
        stop: lazy("Stop an application", () => import("./marathon/app/stop.ts")),
        update: lazy("Update an application", () => import("./marathon/app/update.ts")),
        version: group("Manage versions of applications", {
          list: lazy("List the versions", () => import("./marathon/app/version/list.ts")),
        }),
      }),
      debug: group("Find out why applications wait", {
        details: lazy("List refused offers", () => import("./marathon/debug/details.ts")),
        list: lazy("List what waits for offers", () => import("./marathon/debug/list.ts")),
        summary: lazy("Say what does not fit", () => import("./marathon/debug/summary.ts")),
      }),
      delay: group("Manage launch delays", {
        reset: lazy("Reset the delay of an application", () => import("./marathon/delay/reset.ts")),
      }),
      deployment: group("Manage deployments", {
        list: lazy("List the deployments", () => import("./marathon/deployment/list.ts")),
        rollback: lazy("Revert a deployment", () => import("./marathon/deployment/rollback.ts")),
        stop: lazy("Stop a deployment", () => import("./marathon/deployment/stop.ts")),
        watch: lazy("Watch a deployment", () => import("./marathon/deployment/watch.ts")),
      }),
      group: group("Manage groups of applications", {
        add: lazy("Add a group", () => import("./marathon/group/add.ts")),
        list: lazy("List the groups", () => import("./marathon/group/list.ts")),
        remove: lazy("Remove a group", () => import("./marathon/group/remove.ts")),
        scale: lazy("Scale a group", () => import("./marathon/group/scale.ts")),
        show: lazy("Show a group", () => import("./marathon/group/show.ts")),
        update: lazy("Update a group", () => import("./marathon/group/update.ts")),
      }),
      leader: group("Manage the leading Marathon", {
        delete: lazy("Make the leader step down", () => import("./marathon/leader/delete.ts")),
        show: lazy("Show the leader", () => import("./marathon/leader/show.ts")),
      }),
      ping: lazy("Ping Marathon", () => import("./marathon/ping.ts")),
      task: group("Manage tasks of applications", {
        kill: lazy("Kill tasks", () => import("./marathon/task/kill.ts")),
        list: lazy("List the tasks", () => import("./marathon/task/list.ts")),
        show: lazy("Show a task", () => import("./marathon/task/show.ts")),
        stop: lazy("Stop a task", () => import("./marathon/task/stop.ts")),
      }),
    }),
  }),
}
