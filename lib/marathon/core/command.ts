import type { Result } from "#lib/std/result.ts"
import type { App, AppSpec, PathId, Timestamp } from "../model/index.ts"
import type { GroupNode, Instance, Step } from "./records.ts"

/** The definitions and groups of the root group as they are now. Ids are absolute. */
export interface RootView {
  /** The version of the root group, which every change raises. */
  readonly rootVersion: Timestamp
  app(id: PathId): App | undefined
  /** Every app, in ascending order of id. */
  apps(): Iterable<App>
  /** The group itself, without members; "/" always exists. */
  group(id: PathId): GroupNode | undefined
  /** Every group, the root included, in ascending order of id. */
  groups(): Iterable<GroupNode>
  /** A stored version of an app that still exists. */
  appAt(id: PathId, version: Timestamp): App | undefined
  /** The versions of an app, newest first; empty when it does not exist. */
  appVersions(id: PathId): readonly Timestamp[]
  /** The versions of the root group that are still known, newest first. */
  rootVersions(): readonly Timestamp[]
  /** The root group as it was at one of `rootVersions`, or undefined. */
  rootAt(version: Timestamp): Pick<RootView, "app" | "apps" | "group" | "groups"> | undefined
}

/**
 * What a change makes of the root group. Only what is named changes; null removes. Parents of named
 * apps and groups are created where missing. Removing a group does not remove what is below it: name
 * that too.
 */
export type RootChange = {
  readonly apps?: ReadonlyMap<PathId, AppSpec | null> | undefined
  readonly groups?: ReadonlyMap<PathId, GroupNode | null> | undefined
  /** Apps whose instances are replaced though the definition stays. */
  readonly restart?: ReadonlySet<PathId> | undefined
}

/**
 * Computes a change from the root group as it is at the moment when the change is applied, so that no
 * update is lost. Must be pure. A rejection reaches the caller as `{ code: "rejected", rejection }`.
 */
export type Change = (root: RootView) => Result<RootChange, unknown>

/** Which tasks a kill means. Unknown ids are skipped. */
export type KillTarget =
  | { readonly kind: "tasks"; readonly taskIds: readonly string[] }
  /** All tasks of the apps, or only those on `host` (an agent's hostname; "*" and absent mean all). */
  | {
      readonly kind: "apps"
      readonly appIds: readonly PathId[]
      readonly host?: string | undefined
    }

/** What the API asks of Marathon. */
export type Command =
  | {
      readonly kind: "change"
      readonly change: Change
      readonly force: boolean
      /** Computes and answers the steps; changes nothing. */
      readonly dryRun?: boolean | undefined
      /** The group that `group_change_success` names: the parent of a changed app. */
      readonly groupId: PathId
    }
  /** Without `force` the deployment is rolled back by a new one; with it, it just stops. */
  | { readonly kind: "cancelDeployment"; readonly deploymentId: string; readonly force: boolean }
  | {
      readonly kind: "kill"
      readonly target: KillTarget
      /** Lowers `instances` by the number of tasks ended. */
      readonly scale: boolean
      /** Forgets the instances, so that replacements get new ids. Not together with `scale`. */
      readonly wipe: boolean
      readonly force: boolean
    }
  | { readonly kind: "resetDelay"; readonly appId: PathId }

/** What an accepted command did. */
export type Accepted =
  | { readonly kind: "deployment"; readonly version: Timestamp; readonly deploymentId: string }
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  /** The instances whose tasks are being ended, as they were before. */
  | { readonly kind: "killed"; readonly instances: readonly Instance[] }
  | { readonly kind: "done" }

/** Why a command was refused; nothing has changed then. */
export type Refusal =
  | { readonly code: "rejected"; readonly rejection: unknown }
  /** Running deployments hold an app that the command would change. */
  | { readonly code: "locked"; readonly deploymentIds: readonly string[] }
  | { readonly code: "tooManyDeployments"; readonly limit: number }
  | { readonly code: "cyclicDependencies"; readonly ids: readonly string[] }
  /** No service port is free in [min, max). */
  | { readonly code: "portsExhausted"; readonly min: number; readonly max: number }
  | { readonly code: "unknownDeployment"; readonly deploymentId: string }
  | { readonly code: "unknownApp"; readonly appId: PathId }
  /** The app has no instance that waits for a launch. */
  | { readonly code: "notQueued"; readonly appId: PathId }
  /** Marathon is stopping or overloaded. Whether the command took effect is not known. */
  | { readonly code: "unavailable"; readonly message: string }

/** The answer to a command. */
export type Reply = Result<Accepted, Refusal>
