import { group, lazy, notYet, type CommandTable } from "#lib/cli/index.ts"

/**
 * Every command: a line gives its word, what it is for, and the module that holds it. The module's
 * path is the command line (`cmd/marathon/app/list.ts` is `dcos marathon app list`); it is loaded
 * when the command is used, and none loads another.
 */
export const table: CommandTable = {
  version: lazy("Print version information", () => import("./version.ts")),
  root: group("Command line utility for the datacenter operating system (DC/OS)", {
    agent: lazy("Run an agent: a node of the cluster", () => import("./agent.ts")),
    auth: notYet("auth", "Manage your login"),
    cluster: group("Manage the clusters you use", {
      attach: lazy("Make a cluster the current one", () => import("./cluster/attach.ts")),
      list: lazy("List the clusters", () => import("./cluster/list.ts")),
      remove: lazy("Forget a cluster", () => import("./cluster/remove.ts")),
      rename: lazy("Give a cluster another name", () => import("./cluster/rename.ts")),
      setup: lazy("Set up the client for a cluster", () => import("./cluster/setup.ts")),
    }),
    completion: lazy("Print shell completion", () => import("./completion.ts"), { hidden: true }),
    config: group("Manage the DC/OS configuration file", {
      keys: lazy("List the configuration keys", () => import("./config/keys.ts")),
      set: lazy("Add or set a property", () => import("./config/set.ts")),
      show: lazy("Print the configuration file", () => import("./config/show.ts")),
      unset: lazy("Remove a property", () => import("./config/unset.ts")),
      validate: lazy("Validate the configuration", () => import("./config/validate.ts")),
    }),
    diagnostics: notYet("diagnostics", "Create and manage diagnostics bundles"),
    hello: lazy("Serve the page of the helloworld package", () => import("./hello.ts"), {
      hidden: true,
    }),
    help: lazy("Display help for the commands", () => import("./help.ts")),
    job: notYet("job", "Deploy and manage jobs"),
    master: lazy("Run a master: the head of the cluster", () => import("./master.ts")),
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
    node: group(
      "View and manage nodes",
      {
        dns: lazy("Look a host up in Mesos-DNS", () => import("./node/dns.ts")),
        list: lazy("List the nodes", () => import("./node/list.ts")),
        log: notYet("node log", "Print the logs of a node"),
        metrics: notYet("node metrics", "Print the metrics of a node"),
        ssh: notYet("node ssh", "Open a shell on a node"),
        deactivate: lazy("Stop offering an agent", () => import("./node/deactivate.ts")),
        decommission: lazy("Mark an agent as gone", () => import("./node/decommission.ts")),
        drain: lazy("Drain an agent", () => import("./node/drain.ts")),
        reactivate: lazy("Offer an agent again", () => import("./node/reactivate.ts")),
      },
      {
        deprecatedDefault: {
          name: "list",
          notice:
            "Getting the list of nodes from `dcos node` is deprecated. Please use `dcos node list`.",
          takesArguments: false,
        },
      },
    ),
    package: group("Install and manage packages", {
      describe: lazy("Show a package", () => import("./package/describe.ts")),
      info: lazy("Show a package", () => import("./package/describe.ts"), { hidden: true }),
      install: lazy("Install a package", () => import("./package/install.ts")),
      list: lazy("List the installed packages", () => import("./package/list.ts")),
      "list-installed": lazy(
        "Print the installed packages as JSON",
        () => import("./package/list-installed.ts"),
        { hidden: true },
      ),
      repo: group("Manage the sources of packages", {
        add: lazy("Add a source", () => import("./package/repo/add.ts")),
        list: lazy("List the sources", () => import("./package/repo/list.ts")),
        remove: lazy("Remove sources", () => import("./package/repo/remove.ts")),
      }),
      search: lazy("Search the packages", () => import("./package/search.ts")),
      sources: lazy("List the sources", () => import("./package/repo/list.ts"), { hidden: true }),
      uninstall: lazy("Uninstall a package", () => import("./package/uninstall.ts")),
      update: lazy("Does nothing any more", () => import("./package/update.ts"), { hidden: true }),
    }),
    plugin: notYet("plugin", "Manage plugins"),
    quota: group("Manage quotas", {
      create: lazy("Create a quota", () => import("./quota/create.ts")),
      delete: lazy("Delete a quota", () => import("./quota/delete.ts")),
      get: lazy("Show a quota", () => import("./quota/get.ts")),
      list: lazy("List the quotas", () => import("./quota/list.ts")),
      update: lazy("Change a quota", () => import("./quota/update.ts")),
    }),
    service: group(
      "Manage services",
      {
        list: lazy("List the services", () => import("./service/list.ts")),
        log: notYet("service log", "Print the logs of a service"),
        shutdown: lazy("Shut a service down", () => import("./service/shutdown.ts")),
      },
      {
        deprecatedDefault: {
          name: "list",
          notice:
            "Getting the list of services from `dcos service` is deprecated. Please use `dcos service list`.",
          takesArguments: false,
        },
      },
    ),
    task: group(
      "Manage tasks",
      {
        attach: lazy("Attach to a task", () => import("./task/attach.ts")),
        download: lazy("Download files of a task", () => import("./task/download.ts")),
        exec: lazy("Run a command inside a task", () => import("./task/exec.ts")),
        list: lazy("List the tasks", () => import("./task/list.ts")),
        log: lazy("Print the logs of tasks", () => import("./task/log.ts")),
        ls: lazy("List the files of tasks", () => import("./task/ls.ts")),
        metrics: notYet("task metrics", "Print the metrics of a task"),
      },
      {
        deprecatedDefault: {
          name: "list",
          notice:
            "Getting the list of tasks from `dcos task` is deprecated. Please use `dcos task list`.",
          takesArguments: true,
        },
      },
    ),
    tasks: lazy("List the tasks", () => import("./task/list.ts"), { hidden: true }),
    "unpack-layer": lazy("Unpack a layer of an image", () => import("./unpack-layer.ts"), {
      hidden: true,
    }),
    up: lazy("Run a whole cluster on this machine, for development", () => import("./up.ts")),
  }),
}
