// @ts-check
/**
 * What the page calls things.
 *
 * Owns the words for states and reasons that the API spells for machines. Must not make elements.
 *
 * @import * as P from '../perdure-client.d.ts'
 */

/** @type {Record<string, string>} */
const STATUSES = { active: 'answering', idle: 'waiting for you', paused: 'paused', closed: 'closed' }

/** @type {Record<string, string>} */
const ENDS = {
  completed: 'it was complete',
  user_ended: 'somebody closed it',
  idle_timeout: 'nobody said anything for too long',
  max_duration: 'its time was over',
  max_messages: 'it had as many messages as it may',
  safety: 'what was said was not safe',
  error: 'something went wrong',
  cancelled: 'its workflow was cancelled',
  terminated: 'its workflow was terminated',
}

/** @type {Record<string, string>} */
export const DELIVERIES = {
  steer: 'Steer: join the running answer at its next step',
  queue: 'Queue: a turn of its own, afterwards',
  interrupt: 'Interrupt: stop the answer, then this',
}

/** @param {string} word as machines spell it */
export const plain = (word) => word.replaceAll('_', ' ')

/** @param {P.State} state */
export function statusOf(state) {
  const status = state.session?.status
  if (!status) return 'opening'
  if (state.turn?.retry) return 'waiting for the provider'
  if (status === 'idle' && state.voice.state === 'speaking') return 'speaking'
  return STATUSES[status] ?? status
}

/** @param {string} reason */
export const endOf = (reason) => ENDS[reason] ?? plain(reason)

/** @param {P.ProblemError} problem */
export function problemIn({ status, code, detail }) {
  if (code === 'unreachable') return 'The server cannot be reached.'
  if (status === 404) return 'There is no such session, or it is not yours.'
  if (status === 410) return 'The data of this session was deleted.'
  return detail
}

/** @param {P.SessionSnapshot} session */
export const nameOf = ({ title, session_key: key }) => title || key

const NUMBERS = new Intl.NumberFormat('en')

/** @param {number} number */
export const count = (number) => NUMBERS.format(number)

/** @param {number} number @param {string} noun */
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`
