// Microseconds for each event of a long answer, behind a long history; a viewer looks at some of the states.

import { initialState, reduce } from '../../api/console/perdure-client.js'
import { answer, asked } from './asked.mjs'

const PIECE = 'a word 👍 '
const LENGTH = 9

const history = (messages) =>
  Array.from({ length: messages }, (_, n) => ({
    type: 'message.completed', turn: n + 1, message_id: `a-${n + 1}.1`, text: PIECE.repeat(50), status: 'complete',
  }))

const delta = (n) => ({
  type: 'message.delta', turn: 999, message_id: 'a-999.1', offset: n * LENGTH, text: PIECE, cursor: `1-${n}`,
})

const measure = ({ deltas, messages, look }) => {
  let state = history(messages).reduce(reduce, initialState)
  const log = Array.from({ length: deltas }, (_, n) => delta(n))
  const began = performance.now()
  log.forEach((event, n) => {
    state = reduce(state, event)
    // What a page does with a text makes it one piece.
    if (n % look === 0) state.messages.at(-1).text.codePointAt(0)
  })
  const micros = ((performance.now() - began) * 1000) / deltas
  return { micros, end: state.messages.at(-1).end }
}

answer((await asked()).map(measure))
