export { ClusterStore, clusterName, settingsOf, type Cluster } from "./clusters.ts"
export {
  argument,
  defineCommand,
  flag,
  group,
  integer,
  isGroup,
  lazy,
  list,
  optionalArgument,
  restArguments,
  text,
  type Command,
  type Group,
  type LazyCommand,
} from "./command.ts"
export { renderCompletion, SHELLS } from "./completion.ts"
export type { Context, Fetch, FetchOptions, Files, Input, Output, Terminal } from "./context.ts"
export { readSettings, settingFlags, settingsNote } from "./daemon.ts"
export { readDefinition, readOptions, type Definition } from "./definition.ts"
export { CommandFailure, ExitCode, fail } from "./failure.ts"
export { parseGoDuration } from "./go-duration.ts"
export { globToRegExp, matchesFilter } from "./glob.ts"
export { renderJson, renderSortedJson } from "./json.ts"
export { notYet } from "./not-yet.ts"
export { confirm, confirmByTyping } from "./prompt.ts"
export { leaveKeysOf } from "./escape-keys.ts"
export { joinRemote, type RemoteInput, type RemoteProcess } from "./remote-process.ts"
export { parseProperties } from "./properties.ts"
export { runCommandLine, type CommandTable } from "./run.ts"
export {
  createSettings,
  parseSetting,
  renderValue,
  SETTING_DESCRIPTIONS,
  type Settings,
} from "./settings.ts"
export { renderPlainTable, renderTable, shorten } from "./table.ts"
export type { Config, ConfigValue } from "./toml.ts"
