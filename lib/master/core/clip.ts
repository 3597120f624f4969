/**
 * Characters of a message to a framework at most. One refusal may go to each task of a group, and what
 * it quotes is the framework's own text: without a limit a call of 16 MiB could ask for gigabytes.
 */
const MESSAGE_MAX = 1_000

/** A message with its end cut off when it is too long to be sent many times. */
export const clip = (message: string): string =>
  message.length <= MESSAGE_MAX ? message : `${message.slice(0, MESSAGE_MAX)}...`
