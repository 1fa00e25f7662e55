// @ts-check
/**
 * The trial for newcomers: kill the worker while it answers, and see that nothing is lost.
 *
 * Owns telling how, and what came of it: which workers it were is kept in the session's metadata, for whoever comes later.
 * Only where the whole system runs on one machine is there a process to name.
 *
 * @import * as P from '../perdure-client.d.ts'
 *
 * @typedef {object} Trial
 * @property {() => Promise<number | null>} workerPid of the worker that runs now
 * @property {(metadata: Record<string, number>) => void} keep
 * @property {() => void} again
 */

import { h, say } from './elements.js'
import { count } from './words.js'

const LOOK_MS = 700
export const TRIAL = 'count to 300'
const INVITATION = 'It is counting, for 20 seconds. Kill its worker now, in another terminal; then watch the numbers.'

/** What a session that is started for a trial remembers. @param {number | null | undefined} pid */
export const trialOf = (pid) => ({ message: { content: TRIAL }, ...(pid && { metadata: { trial_worker: pid } }) })

/** @param {Trial} trial */
export function killTrial({ workerPid, keep, again }) {
  const told = h('p', { role: 'status' })
  const command = h('code', { tabIndex: 0 })
  const copy = h('button', { hidden: !navigator.clipboard, onClick: copied }, 'Copy')
  const line = h('p', { className: 'row' }, command, copy)
  const verdict = h('p', {})
  const more = h('button', { onClick: again }, 'Count again')
  const element = h('section', { className: 'trial', hidden: true, 'aria-label': 'Kill its worker' }, told, line, verdict, more)
  /** @type {number | null} */
  let worker = null
  /** @type {number | null} */
  let heir = null
  let heldWhenKilled = -1
  let held = 0
  let timer = 0
  let isRunning = false

  async function copied() {
    await navigator.clipboard.writeText(command.textContent ?? '')
    say(copy, 'Copied')
  }

  async function look() {
    const pid = await workerPid().catch(() => null)
    if (isRunning && worker && pid && pid !== worker && !heir) keep({ trial_heir: (heir = pid) })
    timer = isRunning ? window.setTimeout(look, LOOK_MS) : 0
  }

  function outcome() {
    if (!heir) return isRunning ? INVITATION : 'The answer was complete before its worker was killed.'
    if (isRunning && held === heldWhenKilled) return `Worker ${worker} is dead. Worker ${heir} takes over within seconds.`
    return `Worker ${worker} is dead; worker ${heir} ${isRunning ? 'goes' : 'went'} on with the answer where it stopped.`
  }

  return {
    element,

    /** @param {P.State} state */
    render({ turn, messages, session, connection }) {
      const asked = messages.find(({ role }) => role === 'user')
      const text = messages.find((one) => one.role === 'assistant' && one.turn === asked?.turn)?.text ?? ''
      const { trial_worker: first, trial_heir: next } = /** @type {Record<string, any>} */ (session?.metadata ?? {})
      ;[worker, heir, held] = [first ?? null, heir ?? next ?? null, text.length]
      if (heir && heldWhenKilled < 0) heldWhenKilled = held
      isRunning = asked?.text === TRIAL && turn !== null && turn.number === asked.turn
      if (isRunning && !timer) timer = window.setTimeout(look)
      // Of who is not connected nobody knows whether that worker lives.
      element.hidden = !worker || connection === 'waiting' || asked?.text !== TRIAL
      line.hidden = !isRunning || heir !== null
      more.hidden = isRunning || heir !== null
      say(command, `kill -9 ${worker}`)
      say(told, outcome())
      say(verdict, verdictOn(text))
    },

    leave() {
      isRunning = false
      clearTimeout(timer)
    },
  }
}

/** @param {string} text */
function verdictOn(text) {
  const numbers = (text.match(/\d+/g) ?? []).map(Number)
  const isWhole = numbers.every((number, index) => number === index + 1)
  return `${count(numbers.length)} numbers so far: ${isWhole ? 'each is here once, and in order.' : 'something is wrong.'}`
}
