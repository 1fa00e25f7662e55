// @ts-check
/**
 * What events tell of turns and messages that no state keeps: what was begun anew, why one failed, what was steered in.
 *
 * Owns these notes, one immutable object after the other. Must not show them.
 *
 * @typedef {Readonly<Record<string, string>>} Notes by `turn 3`, or by `message` and its id
 */

/** @type {Notes} */
export const noNotes = Object.freeze({})

/** @type {Record<string, (event: any) => [string, string]>} */
const NOTED = {
  'turn.superseded': ({ turn }) => [`turn ${turn}`, 'Begun anew: what was shown before could not be gone on with.'],
  'turn.failed': ({ turn, error }) => [`turn ${turn}`, `Failed: ${error.message}`],
  'message.injected': ({ message_id: id, turn }) => [`message ${id}`, `Steered into turn ${turn}.`],
  'message.truncated': ({ message_id: id }) => [`message ${id}`, 'Interrupted: this much was heard.'],
}

/** @param {Notes} notes @param {any} event @returns {Notes} */
export function noted(notes, event) {
  if (event.type === 'reset') return noNotes
  const note = NOTED[event.type]?.(event)
  return note ? { ...notes, [note[0]]: note[1] } : notes
}
