/** Builders for tests of operations: reserved resources, volumes, and an agent that answers. */
import { Bench, resources, type TestAgent, type TestScheduler } from "#lib/master/core/builders.ts"
import {
  applyOperation,
  brandId,
  normalizeResources,
  type ApplyOperationMessage,
  type OfferOperation,
  type OfferId,
  type OperationId,
  type OperationStatus,
  type RegisterMessage,
  type Reservation,
  type Resource,
  type ResourceOperation,
  type Resources,
} from "#lib/mesos/index.ts"
import { must } from "#lib/std/assert.ts"

/** A dynamic reservation. */
export const dynamic = (role: string, principal?: string): Reservation => ({
  type: "DYNAMIC",
  role,
  ...(principal === undefined ? {} : { principal }),
})

/** Resources reserved to each of these roles, the outermost first. */
export const reserved = (text: string, ...roles: readonly string[]): Resources =>
  normalizeResources(
    resources(text).map((each) => ({ ...each, reservations: roles.map((role) => dynamic(role)) })),
  )

/** A persistent volume of so many MiB for role web. */
export const volume = (id: string, mib: number, over: Partial<Resource> = {}): Resource => ({
  ...must(reserved(`disk:${mib}`, "web")[0], "no disk"),
  disk: { persistence: { id }, volume: { containerPath: "data", mode: "RW" } },
  ...over,
})

/** The operations of the API, in short. */
export const reserve = (what: Resources): ResourceOperation => ({
  kind: "reserve",
  resources: what,
})
/** Takes the last reservation off again. */
export const unreserve = (what: Resources): ResourceOperation => ({
  kind: "unreserve",
  resources: what,
})
/** Makes persistent volumes. */
export const create = (...volumes: Resources): ResourceOperation => ({ kind: "create", volumes })
/** Unmakes persistent volumes. */
export const destroy = (...volumes: Resources): ResourceOperation => ({ kind: "destroy", volumes })
/** Adds disk space to a volume. */
export const grow = (what: Resource, addition: Resource): ResourceOperation => ({
  kind: "growVolume",
  volume: what,
  addition,
})
/** Takes so many MiB from a volume. */
export const shrink = (what: Resource, mib: number): ResourceOperation => ({
  kind: "shrinkVolume",
  volume: what,
  subtract: { value: mib },
})

/** The same operation with an id, so that the framework hears of its outcome. */
export const named = <T extends OfferOperation>(id: string, operation: T): T => ({
  ...operation,
  id: brandId<OperationId>(id),
})

/** A bench with what operations need of the world. */
export class OperationBench extends Bench {
  #uuids = 0

  /** Every operation sent over the agent's link since the last `clear`. */
  sentOperations({ link }: TestAgent): readonly ApplyOperationMessage[] {
    return this.sent(link, "applyOperation")
  }

  /** Accepts the scheduler's newest offer, or those that are named. */
  accept(
    scheduler: TestScheduler,
    operations: readonly OfferOperation[],
    {
      refuseSeconds = 3600,
      offers = [this.newestOffer(scheduler)],
    }: {
      readonly refuseSeconds?: number
      readonly offers?: readonly { readonly id: OfferId }[]
    } = {},
  ): void {
    const filters = { refuseSeconds }
    const offerIds = offers.map(({ id }) => id)
    this.call(scheduler, { kind: "accept", offerIds, operations, filters })
  }

  newestOffer(scheduler: TestScheduler) {
    return must(this.offers(scheduler).at(-1), "no offer")
  }

  /** The agent answers an operation; with a uuid, as agents do. */
  answer(
    agent: TestAgent,
    { uuid: operationUuid, frameworkId, operationId }: ApplyOperationMessage,
    status: Partial<OperationStatus> = {},
  ): string {
    const uuid = `status-${this.#uuids++}`
    this.fromAgent(agent.link, {
      kind: "operationUpdate",
      ...(frameworkId === undefined ? {} : { frameworkId }),
      operationUuid,
      status: {
        ...(operationId === undefined ? {} : { operationId }),
        state: "OPERATION_FINISHED",
        uuid: { value: uuid },
        ...status,
      },
    })
    return uuid
  }

  /** Every operation status that the scheduler heard since the last `clear`. */
  heard({ stream }: TestScheduler): readonly OperationStatus[] {
    return this.events(stream, "updateOperationStatus").map(({ status }) => status)
  }

  /** The agent's total as the master knows it. */
  total({ id }: TestAgent): Resources {
    return must(this.master.view.agents.get(id), "no such agent").total
  }

  /** The link breaks and the agent registers again with these resources. */
  reregister(
    { id, link }: TestAgent,
    total: Resources,
    over: Partial<RegisterMessage> = {},
  ): TestAgent {
    this.feed({ kind: "linkClosed", link })
    return this.register({ agentId: id, checkpointedResources: total, ...over })
  }
}

/** A total after operations, as the agent would have it. */
export function after(total: Resources, ...operations: readonly ResourceOperation[]): Resources {
  let sum = total
  for (const operation of operations) {
    const applied = applyOperation(sum, operation)
    if (!applied.ok) throw new Error(`${applied.error.field}: ${applied.error.message}`)
    sum = applied.value.resources
  }
  return sum
}
