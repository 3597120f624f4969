/**
 * Thousandths from a number as Mesos rounds it: to the nearest, halves away from zero.
 * Source: apache/mesos: src/common/values.cpp.
 */
export const toMilli = (value: number): number =>
  value < 0 ? -Math.round(-value * 1000) : Math.round(value * 1000)

/** The number that so many thousandths stand for. */
export const fromMilli = (milli: number): number => milli / 1000
