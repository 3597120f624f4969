/**
 * The rows of the reference's table of failures (Mesos: section 11), and the tests that say of each what
 * is noticed when, told with which state, source, reason and message, and recovered how.
 */
import { checkRows } from "./rows.ts"

checkRows("failures", [
  {
    row: "task exits non-zero",
    tests: {
      "lib/agent/core/outcome.test.ts": ["exit 2", "a signal", "a Docker container"],
      "lib/agent/core/group.test.ts": ["a member that %s kills the rest of its group"],
      "test/e2e/containers.test.ts": ["'${cmd}' ends as ${state}"],
      "test/e2e/task-groups.test.ts": [
        "one that fails takes its group along, one that finishes does not",
      ],
    },
  },
  {
    row: "OOM / disk quota",
    tests: {
      "lib/agent/core/group.test.ts": ["a limit %s"],
      "test/e2e/limits.test.ts": [
        "a task that uses up its memory is ended by the kernel, and says so",
        "a task that uses up its memory is found by measuring where no cgroup holds it",
        "memory that is used up ends those whose limit it is: ${whose}",
        "a task that fills its sandbox is ended with Mesos' reason and words",
        "a group that fills its sandboxes beyond what it has together is ended as a whole",
      ],
      "test/e2e/containers.test.ts": ["a task that uses up its memory is told to have done so"],
    },
  },
  {
    row: "unhealthy",
    tests: {
      "lib/agent/core/checks.test.ts": [
        "delay, interval, grace and failures have the defaults of Mesos",
        "kills after the allowed failures and says that the task was not healthy",
      ],
      "test/e2e/checks.test.ts": [
        "a task in ${where} that HTTP finds unhealthy is killed",
        "a command that finds a task in ${where} unhealthy kills it",
      ],
      "test/e2e/task-groups.test.ts": ["a member that is checked unhealthy ends its group"],
    },
  },
  {
    row: "executor exits",
    tests: { "test/e2e/executors.test.ts": ["an executor that %s fails its tasks"] },
  },
  {
    row: "executor never subscribes",
    tests: {
      "lib/roles/agent-options.test.ts": [
        "executors have a minute to subscribe, and two seconds to do so again",
      ],
      "lib/agent/core/executors.test.ts": ["that never subscribes is killed, and its tasks fail"],
      "test/e2e/executors.test.ts": [
        "a process that never subscribes is killed, and its tasks fail",
      ],
    },
  },
  {
    row: "fetch, image, launch",
    tests: {
      "lib/agent/core/outcome.test.ts": [
        "a launch that failed says why, unless it was given up on purpose",
      ],
      "test/e2e/launch-faults.test.ts": [
        "a file that cannot be fetched fails a task: ${name}",
        "an account that is not there fails a task: ${name}",
        "an image that cannot be had fails a task: ${name}",
        "a disk that an image fills up fails a task, and the next one runs",
      ],
      "test/e2e/node-faults.test.ts": ["runc or conmon may be missing at any time"],
    },
  },
  {
    row: "launch message lost",
    tests: {
      "lib/agent/core/registration.test.ts": [
        "a task it never saw (partition aware: %p) is %s",
        "a task it knows is not reconciled as unknown",
      ],
      "lib/master/core/registration.test.ts": [
        "keeps its tasks; those it does not know are named back to it",
      ],
      "lib/master/core/calls.test.ts": ["a task that its registered agent does not have is gone"],
      "test/e2e/launch-crashes.test.ts": [
        "a task ends as it does, whatever was the last step of its agent: ${name}",
      ],
    },
  },
  {
    row: "agent process restarts within 75 s",
    tests: {
      "lib/master/core/agents.test.ts": [
        "rescinds the agent's offers and makes no more until it is back",
        "leaves tasks alone, also those of frameworks that do not checkpoint",
      ],
      "lib/agent/core/recovery.test.ts": [
        "unacknowledged updates are sent again, with the uuid they had",
      ],
      "test/e2e/executors.test.ts": [
        "an executor whose agent is killed reconnects, with what the agent never heard",
        "an executor of a framework without checkpoints ends with its agent",
      ],
      "test/e2e/agent-restart.test.ts": [
        "processes run on while their agent is killed and started again",
        "containers run on while their agent is killed and started again",
      ],
      "test/e2e/container-crashes.test.ts": [
        "${name} tasks come to their true end, whenever their agent is killed",
      ],
    },
  },
  {
    row: "… executor does not come back",
    tests: {
      "lib/agent/core/executors.test.ts": [
        "one that stays away is killed, and its tasks are gone",
        "one that stays away has lost its tasks for a framework that knows no partitions",
      ],
      "test/e2e/executors.test.ts": [
        "an executor that does not come back is killed, and its tasks are gone",
      ],
    },
  },
  {
    row: "agent, node or network away",
    tests: {
      "lib/master/core/agents.test.ts": [
        "is unreachable after five missed pings: stored, tasks told, everybody told",
        "frameworks that know no partitions hear TASK_LOST",
        "comes back with its tasks, and frameworks hear their state",
        "gives them ten minutes to come back, then they are unreachable",
      ],
      "test/compat/mesos-partitions.test.ts": [
        "hears that an agent is unreachable, since when, and that it is lost as such",
        "hears that the agent is back, with the task as it is",
        "hears that an operator gave the agent up",
      ],
      "test/e2e/node-failure.test.ts": [
        "the tasks of a node that is gone are replaced on another",
        "a node that was only cut off ends what was replaced meanwhile, and is of use again",
      ],
    },
  },
  {
    row: "node reboots",
    tests: {
      "test/e2e/node-faults.test.ts": [
        "after a restart of the machine its tasks have failed, its volumes are there: ${name}",
      ],
      "lib/agent/core/beginning.test.ts": [
        "becomes a new agent when the machine was restarted: nothing runs any more",
      ],
    },
  },
  {
    row: "master dies",
    tests: {
      "lib/master/core/agents.test.ts": [
        "gives them ten minutes to come back, then they are unreachable",
      ],
      "test/e2e/master-restart.test.ts": [
        "a killed master comes back with its apps, its running deployment and all tasks",
        "what ends while the master is away is told when it is back",
      ],
      "test/e2e/master-crashes.test.ts": [
        "what is known of agents outlives a master that is killed",
      ],
    },
  },
  {
    row: "registry write blocked",
    tests: {
      "lib/runtime/loop.test.ts": [
        "of a store that takes no write in its time is one, and what comes of it later is nothing",
      ],
      "lib/master/driver.test.ts": [
        "a store that takes no write for 20 s is fatal, and waiting calls are refused",
        "a failed commit is fatal: nothing is sent, and waiting calls are refused",
      ],
      "test/e2e/full-disk.test.ts": [
        "a full disk stops the master with the reason, and nothing is lost",
      ],
    },
  },
  {
    row: "scheduler dies",
    tests: {
      "lib/master/core/frameworks.test.ts": [
        "has its failover timeout to come back, without offers meanwhile",
        "is removed afterwards, and everything it runs is ended",
        "is removed at once when it has no failover timeout",
      ],
      "lib/agent/core/kill.test.ts": [
        "tasks of an ended framework are killed and nobody hears of it",
      ],
      "test/e2e/scheduler.test.ts": ["a framework that was away takes its tasks over again"],
    },
  },
  {
    row: "two schedulers, one id",
    tests: {
      "lib/master/core/frameworks.test.ts": [
        "the newest wins: the old one hears ERROR and is cut off, offers start anew",
      ],
      "test/compat/mesos-scheduler.test.ts": [
        "the newest SUBSCRIBE wins; the old stream hears why and ends, its id is void",
      ],
      "test/e2e/scheduler.test.ts": [
        "an instance that another replaces hears why, and its calls are refused",
      ],
    },
  },
  {
    row: "status lost",
    tests: {
      "lib/agent/core/status-streams.test.ts": [
        "repeats an update after 10 seconds, doubling to 10 minutes, until it is acknowledged",
      ],
    },
  },
  {
    row: "kill lost",
    tests: {
      "lib/master/core/calls.test.ts": ["goes to the task's agent, each time, with its policy"],
      "test/compat/mesos-partitions.test.ts": [
        "waits for an agent that is not connected",
        "is repeated with each policy",
      ],
    },
  },
  {
    row: "offer kept",
    tests: {
      "lib/master/core/offers.test.ts": [
        "an offer without a time stays until it is answered or its agent is lost",
      ],
      "lib/master/core/accept.test.ts": [
        "an offer that nobody answers is taken back, where a timeout is set",
      ],
      "test/compat/mesos-bad-input.test.ts": [
        "one that keeps every offer: each agent is offered once, until --offer_timeout frees it",
      ],
    },
  },
])
