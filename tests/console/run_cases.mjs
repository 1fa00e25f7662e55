// What the browser's reducer makes of each case, in the words that both implementations share.

import { initialState, reduce } from '../../api/console/perdure-client.js'
import { answer, asked } from './asked.mjs'

const told = (state) => ({
  messages: state.messages.map(({ messageId, role, text, status }) => ({ message_id: messageId, role, text, status })),
  waiting: state.waiting.map(({ messageId }) => messageId),
  turn: state.turn?.number ?? null,
  end_reason: state.endReason,
  status: state.session?.status ?? null,
  retry_attempt: state.turn?.retry ? state.turn.attempt : null,
  sentences: state.sentences,
  progress: state.progress && progressOf(state.progress),
})

const progressOf = ({ windingDown, ...progress }) => ({ ...progress, winding_down: windingDown })

/** Each state is frozen before the next event: a rule that changes one in place would throw. */
const frozen = (value) => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

const outcome = (events) => told(events.reduce((state, event) => frozen(reduce(state, frozen(event))), initialState))

answer((await asked()).map(outcome))
