export type * from "./ids.ts"
export { brandId, idProblem } from "./ids.ts"
export type * from "./resource.ts"
export type * from "./link.ts"
export type * from "./v1/core.ts"
export type * as executor from "./v1/executor.ts"
export type * as scheduler from "./v1/scheduler.ts"
export type * as master from "./v1/master.ts"
export type * as agent from "./v1/agent.ts"
export type * as maintenance from "./v1/maintenance.ts"
export type * as quota from "./v1/quota.ts"
export {
  commandWithoutSecrets,
  containerWithoutSecrets,
  executorWithoutSecrets,
  secretWithoutValue,
  taskWithoutSecrets,
} from "./secrets.ts"
export { DEFAULT_ROLE, isStrictSubrole, roleProblem } from "./roles.ts"
export {
  addResources,
  containsResources,
  equalResources,
  subtractResources,
} from "./resources/arithmetic.ts"
export { attributeText, parseAttributes } from "./resources/attributes.ts"
export { limitOf } from "./resources/limits.ts"
export { compareResources, equalReservations, isDivisible } from "./resources/compare.ts"
export { NO_RESOURCES, normalizeResources } from "./resources/normal.ts"
export { parseResourceJson, parseResources } from "./resources/parse.ts"
export type { ResourceTextError } from "./resources/parse.ts"
export {
  operationProblem,
  operationProblemText,
  withoutVolume,
} from "./resources/operation-rules.ts"
export type { OperationProblem, ResourceOperation } from "./resources/operation-rules.ts"
export {
  applyConversion,
  applyOperation,
  bareConversion,
  CONSUMED_FIELDS,
  conversionOf,
  isSpeculative,
} from "./resources/operations.ts"
export type { AppliedOperation, Conversion } from "./resources/operations.ts"
export {
  addQuantities,
  containsQuantities,
  quantitiesOf,
  quantityOf,
  scalarOf,
  scalarQuantities,
  subtractQuantities,
} from "./resources/quantities.ts"
export type { Quantities, Quantity } from "./resources/quantities.ts"
export {
  addRanges,
  containsRanges,
  countRanges,
  normalizeRanges,
  rangesHave,
  subtractRanges,
  takeFromRanges,
} from "./resources/ranges.ts"
export type { Ranges } from "./resources/ranges.ts"
export { addValues } from "./resources/value.ts"
export { renderResource, renderResources, renderValue } from "./resources/render.ts"
export {
  allocatableTo,
  allocate,
  exclusive,
  flatten,
  isAllocatableTo,
  nonRevocable,
  persistentVolumes,
  popReservation,
  pushReservation,
  rangesOf,
  rangesResource,
  reservationRole,
  reservationsByRole,
  reserved,
  reservedTo,
  revocable,
  scalarResource,
  shared,
  toUnreserved,
  unallocate,
  unreserved,
} from "./resources/reservation.ts"
export { sumDisjoint, sumInUse, sumResources } from "./resources/sum.ts"
export { fromMilli, toMilli } from "./resources/scalar.ts"
export { validateResource, validateResources } from "./resources/validate.ts"
export type { ResourceProblem } from "./resources/validate.ts"
export type { ReservationForm } from "./codec/codec.ts"
export type { DecodeError } from "./codec/decoding.ts"
export { decodeMessage, encodeMessage } from "./codec/messages.ts"
export type { Messages } from "./codec/messages.ts"
export { loadProtobuf } from "./codec/protobuf/load.ts"
export type { Protobuf } from "./codec/protobuf/protobuf.ts"
export { RecordDecoder, encodeRecords } from "#lib/std/recordio.ts"
export type { RecordError } from "#lib/std/recordio.ts"
export { base64Length } from "./codec/scalars.ts"
export {
  flattenResources,
  flattenUnreserved,
  fullResources,
  reservedByRole,
  type FlatResources,
} from "./http/flat-resources.ts"
export { isProcessPath } from "./http/process-path.ts"
export { parseBody, readBody, type CallMessage } from "./http/call-body.ts"
export { acceptedType, contentType, type MediaType } from "./http/negotiation.ts"
export { RecordBody, type RecordBodyOptions } from "./http/record-body.ts"
