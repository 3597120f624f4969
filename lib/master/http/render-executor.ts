import { encodeMessage, flattenResources, type CommandInfo } from "#lib/mesos/index.ts"
import type { ExecutorView } from "#lib/master/core/views.ts"
import { renderLabels } from "./render-labels.ts"

/** Source: apache/mesos: src/common/http.cpp (json of ExecutorInfo). */
export const renderExecutor = (executor: ExecutorView): object => {
  const { info } = executor
  return {
    executor_id: executor.executorId,
    name: info.name ?? "",
    framework_id: executor.frameworkId,
    command: renderCommand(info.command),
    resources: flattenResources(executor.resources),
    role: executor.role,
    labels: renderLabels(info.labels),
    type: info.type,
    slave_id: executor.agentId,
  }
}

const renderCommand = (command: CommandInfo | undefined): object => ({
  shell: command?.shell,
  value: command?.value,
  argv: command?.arguments ?? [],
  environment:
    command?.environment && encodeMessage("mesos.v1.CommandInfo", command)["environment"],
  uris: (command?.uris ?? []).map(({ value, executable }) => ({
    value,
    executable: executable ?? false,
  })),
})
