// @ts-check
/**
 * What was said in a session, what is being said, and what waits to be.
 *
 * Owns the elements of messages, one each for as long as it is shown. Must not call the session: it is told how.
 *
 * @import * as P from '../perdure-client.d.ts'
 * @import { Notes } from './turn-notes.js'
 * @import { Clock } from './clock.js'
 *
 * @typedef {object} Item a message, wherever it is on its way
 * @property {string} messageId
 * @property {'user' | 'assistant' | 'note'} role
 * @property {string} text
 * @property {string} status
 * @property {string | null} [agent]
 * @property {number | null} [turn]
 * @property {P.Delivery} [delivery]
 * @property {P.ProblemError | null} [problem]
 *
 * @typedef {object} Actions
 * @property {(messageId: string) => void} withdraw
 * @property {(item: Item) => void} sendAgain
 *
 * @typedef {{element: HTMLElement, render(item: Item, note: string): void}} View
 */

import { duration } from './clock.js'
import { h, place, say } from './elements.js'
import { markdownView } from './markdown.js'
import { plain } from './words.js'

const NEAR_END_PX = 48
const ANNOUNCED_LENGTH = 600

/** @param {Actions} actions @param {Clock} clock */
export function conversation(actions, clock) {
  const thread = h('div', { className: 'thread' })
  const scroller = h('div', { className: 'scroller', tabIndex: 0, role: 'region', 'aria-label': 'Conversation' }, thread)
  const newest = h('button', { className: 'newest', hidden: true, onClick: toEnd }, 'Newest ↓')
  const spoken = h('p', { className: 'unseen', role: 'status' })
  const element = h('section', { className: 'conversation' }, scroller, newest, spoken)
  /** @type {Map<string, View>} */
  const views = new Map()
  /** @type {Element[]} */
  let elements = []
  let isAtEnd = true
  let announced = ''

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight
  }

  scroller.addEventListener('scroll', () => {
    isAtEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - NEAR_END_PX
    newest.hidden = isAtEnd
  })

  /** @param {Item} item */
  function viewOf(item) {
    const known = views.get(item.messageId)
    if (known) return known
    const view = item.role === 'note' ? noteView() : messageView(item, actions)
    views.set(item.messageId, view)
    return view
  }

  /** @param {Item[]} items */
  function arrange(items) {
    const wanted = items.map((item) => viewOf(item).element)
    if (wanted.length === elements.length && wanted.every((one, index) => one === elements[index])) return
    elements = wanted
    place(thread, wanted)
    const staying = new Set(items.map(({ messageId }) => messageId))
    views.forEach((_, messageId) => staying.has(messageId) || views.delete(messageId))
  }

  /** To who does not see it: an answer once it is whole. @param {P.State} state */
  function announce({ messages, turn }) {
    const last = messages.at(-1)
    if (turn || last?.role !== 'assistant' || last.status === 'streaming') return
    const text = `${last.agent ?? 'Answer'}: ${last.text.slice(0, ANNOUNCED_LENGTH)}`
    if (announced !== text) say(spoken, (announced = text))
  }

  return {
    element,
    toEnd,

    /** @param {P.State} state @param {Notes} notes */
    render(state, notes) {
      const items = itemsOf(state, notes)
      arrange(items)
      items.forEach((item) => viewOf(item).render(item, noteOn(item, state, notes, clock)))
      announce(state)
      if (isAtEnd) toEnd()
    },
  }
}

// ---- what is shown, in order

/** @param {P.State} state @param {Notes} notes @returns {Item[]} */
function itemsOf({ messages, waiting, outbox, turn }, notes) {
  // Of an answer that was interrupted at once, nothing was heard.
  const heard = messages.filter(({ text, status, role }) => text || status === 'streaming' || role === 'user')
  const said = heard.flatMap((message, index) => {
    const isLast = message.turn !== heard[index + 1]?.turn
    return isLast && message.role === 'user' && !(turn && turn.number === message.turn)
      ? [message, ...failure(message.turn, notes)]
      : [message]
  })
  return [...said, ...waiting.map(asItem), ...outbox.map(asItem)]
}

/** Of a turn that failed without a word. @param {number | null} turn @param {Notes} notes @returns {Item[]} */
function failure(turn, notes) {
  const text = notes[`turn ${turn}`]
  return text ? [{ messageId: `note ${turn}`, role: 'note', text, status: 'failed' }] : []
}

/** @type {WeakMap<object, Item>} */
const asked = new WeakMap()

/** The same item for the same message. @param {P.WaitingMessage | P.OutgoingMessage} message @returns {Item} */
function asItem(message) {
  const known = asked.get(message)
  /** @type {Item} */
  const item = known ?? { role: 'user', status: 'waiting', ...message }
  asked.set(message, item)
  return item
}

/** @param {Item} item @param {P.State} state @param {Notes} notes @param {Clock} clock */
function noteOn(item, { turn }, notes, clock) {
  const { role, status, turn: ofTurn } = item
  if (role === 'assistant') {
    const isRunning = status === 'streaming' && turn !== null && turn.number === ofTurn
    if (isRunning && turn.retry) return retryIn(turn, clock)
    return notes[`message ${item.messageId}`] ?? notes[`turn ${ofTurn}`] ?? (ENDED[status] || '')
  }
  if (status === 'waiting' && !turn) return 'Waits until the session goes on.'
  const isNext = role === 'user' && turn?.number === ofTurn && Boolean(turn?.retry)
  return isNext && turn ? retryIn(turn, clock) : (notes[`message ${item.messageId}`] ?? WAITING[item.delivery ?? '']?.(status) ?? '')
}

/** @type {Record<string, string>} */
const ENDED = { stopped: 'Stopped: this much was said.', failed: 'Failed: this much was said.' }

/** @param {P.Turn} turn @param {Clock} clock */
function retryIn({ attempt, retry }, clock) {
  const seconds = clock.until(retry?.at ?? null) ?? 0
  const when = seconds > 0 ? `in ${duration(seconds)}` : 'now'
  return `The provider failed (${plain(retry?.reason ?? '')}). Attempt ${attempt} ${when}.`
}

/** @type {Record<string, (status: string) => string>} */
const WAITING = {
  steer: (status) => onItsWay(status, 'Waits for the next step of the answer.'),
  queue: (status) => onItsWay(status, 'Waits for its turn.'),
  interrupt: (status) => onItsWay(status, 'Stops the answer.'),
}

/** @param {string} status @param {string} waiting */
const onItsWay = (status, waiting) =>
  ({ pending: 'Sending …', confirmed: 'Sent.', waiting, rejected: '' })[status] ?? ''

// ---- how one is shown

/** @param {Item} first @param {Actions} actions @returns {View} */
function messageView({ role, messageId, agent }, actions) {
  const body = role === 'assistant' ? markdownView() : plainText()
  const who = role === 'assistant' ? (agent ?? 'assistant') : 'You'
  const note = h('p', { className: 'note' })
  const problem = h('p', { className: 'problem' })
  /** @type {Item | null} */
  let shown = null
  const again = h('button', { onClick: () => shown && actions.sendAgain(shown) }, 'Send again')
  const back = h('button', { onClick: () => actions.withdraw(messageId) }, 'Take back')
  const foot = h('footer', {}, note, problem, again, back)
  const element = h('article', { className: 'message', 'aria-label': who, data: { role } }, h('h2', {}, who), body.element, foot)

  return {
    element,
    render(item, text) {
      say(note, text)
      note.hidden = !text
      if (item === shown) return
      shown = item
      body.render(item.text)
      element.dataset.status = item.status
      const isRejected = item.status === 'rejected'
      problem.hidden = !isRejected
      say(problem, isRejected ? `Not taken: ${item.problem?.detail}` : '')
      again.hidden = !isRejected
      back.hidden = !isRejected && item.status !== 'waiting'
      say(back, isRejected ? 'Discard' : 'Take back')
    },
  }
}

function plainText() {
  const element = h('p', { className: 'plain', dir: 'auto' })
  return { element, render: (/** @type {string} */ text) => say(element, text) }
}

/** @returns {View} */
function noteView() {
  const element = h('p', { className: 'problem' })
  return { element, render: ({ text }) => say(element, text) }
}
