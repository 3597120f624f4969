export type { Clock, Cancel } from "./clock.ts"
export type { JsonValue, Store, Write } from "./store.ts"
export type { Log, LogFields, LogLevel } from "./log.ts"
