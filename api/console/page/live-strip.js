// @ts-check
/**
 * Where a session stands: status, phase, clocks, turn, usage, and what can be done with it.
 *
 * Owns this strip. Must not call the session: it is told how.
 *
 * @import * as P from '../perdure-client.d.ts'
 * @import { Clock } from './clock.js'
 *
 * @typedef {object} Actions
 * @property {(title: string) => void} rename
 * @property {() => void} pause
 * @property {() => void} resume
 * @property {() => void} close
 */

import { duration } from './clock.js'
import { h, say } from './elements.js'
import { count, counted, nameOf, plain, statusOf } from './words.js'

const QUIET_SECONDS = 1.5
const SURE_MS = 4000

/** @param {Actions} actions @param {Clock} clock @param {(session: P.SessionSnapshot) => string | null} workflowPage */
export function liveStrip(actions, clock, workflowPage) {
  const title = h('input', { className: 'title', 'aria-label': 'Title', maxLength: 200, onChange: () => actions.rename(title.value) })
  const status = h('strong', { className: 'status' })
  const progress = h('progress', { hidden: true, 'aria-label': 'Sentences of this phase' })
  const facts = Object.fromEntries(FACTS.map((name) => [name, fact(name)]))
  const pause = h('button', { onClick: () => (pause.value === 'resume' ? actions.resume() : actions.pause()) }, 'Pause')
  const close = sureButton('Close', 'Really close?', actions.close)
  const temporal = h('a', { target: '_blank', rel: 'noopener', className: 'button' }, 'Open in Temporal ↗')
  const list = h('dl', {}, FACTS.map((name) => facts[name].element))
  const heading = h('h1', { className: 'unseen' })
  const element = h(
    'header', { className: 'strip' }, heading,
    h('div', { className: 'row' }, h('a', { className: 'back', href: '#/' }, '← Sessions'), title, temporal, pause, close.element),
    h('div', { className: 'row' }, h('span', { role: 'status' }, status), progress, list),
  )

  /** @param {P.State} state @param {number} quietSeconds since the last word of a running turn */
  function render(state, quietSeconds) {
    const { session } = state
    element.dataset.status = session?.status ?? ''
    say(status, statusOf(state))
    Object.entries(told(state, quietSeconds, clock)).forEach(([name, text]) => facts[name].render(text))
    showProgress(progress, state.progress)
    if (!session) return
    if (document.activeElement !== title) title.value = session.title ?? ''
    title.placeholder = session.session_key
    say(heading, nameOf(session))
    const isOver = session.status === 'closed'
    title.disabled = pause.hidden = close.element.hidden = isOver
    pause.value = session.status === 'paused' ? 'resume' : 'pause'
    say(pause, session.status === 'paused' ? 'Resume' : 'Pause')
    const page = workflowPage(session)
    temporal.hidden = !page
    if (page && temporal.href !== page) temporal.href = page
  }

  return { element, render }
}

const FACTS = ['session', 'profile', 'phase', 'turn', 'closes if idle', 'ends', 'messages', 'queue', 'tokens']

/** @param {string} name */
function fact(name) {
  const value = h('dd')
  const element = h('div', { hidden: true }, h('dt', {}, name), value)
  return {
    element,
    /** @param {string} text */
    render(text) {
      element.hidden = !text
      say(value, text)
    },
  }
}

/** @param {P.State} state @param {number} quietSeconds @param {Clock} clock @returns {Record<string, string>} */
function told({ session, turn, waiting, progress }, quietSeconds, clock) {
  if (!session) return {}
  const isOver = session.status === 'closed'
  const { usage, message_count: messages, limits, session_key: key, profile } = session
  return {
    session: session.title ? key : '',
    profile,
    phase: progress ? `${plain(progress.phase)} ${progress.index} of ${progress.of}${sentencesIn(progress)}` : '',
    turn: turn ? turnIn(turn, quietSeconds) : '',
    'closes if idle': countdown(isOver || turn ? null : session.idle_at, clock),
    ends: countdown(isOver ? null : session.ends_at, clock),
    messages: `${count(messages)}${limits.max_messages ? ` of ${count(limits.max_messages)}` : ''}`,
    queue: waiting.length ? count(waiting.length) : '',
    tokens: usage.output_tokens ? `${count(usage.input_tokens)} in, ${count(usage.output_tokens)} out` : '',
  }
}

/** @param {P.Progress} progress */
const sentencesIn = ({ budget, sentences }) =>
  budget === null ? ` · ${counted(sentences, 'sentence')}` : ` · ${sentences} of ${budget} sentences`

/** @param {P.Turn} turn @param {number} quietSeconds */
function turnIn({ number, agent, attempt }, quietSeconds) {
  const parts = [String(number), agent, attempt > 1 && `attempt ${attempt}`]
  const quiet = quietSeconds >= QUIET_SECONDS && `no word for ${Math.floor(quietSeconds)} s`
  return [...parts, quiet].filter(Boolean).join(' · ')
}

/** @param {string | null} moment @param {Clock} clock */
function countdown(moment, clock) {
  const seconds = clock.until(moment)
  return seconds === null ? '' : `in ${duration(seconds)}`
}

/** @param {HTMLProgressElement} element @param {P.Progress | null} progress */
function showProgress(element, progress) {
  element.hidden = !progress?.budget
  if (progress?.budget) [element.max, element.value] = [progress.budget, Math.min(progress.sentences, progress.budget)]
}

/** Pressed twice, so that nobody does it by accident. @param {string} label @param {string} question @param {() => void} act */
export function sureButton(label, question, act) {
  let timer = 0
  const element = h('button', { onClick: pressed }, label)

  function calm() {
    clearTimeout(timer)
    timer = 0
    say(element, label)
    element.classList.remove('danger')
  }

  /** @param {MouseEvent} event */
  function pressed({ detail }) {
    // A double click is one answer, not two.
    if (detail > 1) return
    if (timer) return [calm(), act()]
    say(element, question)
    element.classList.add('danger')
    timer = window.setTimeout(calm, SURE_MS)
  }

  return { element }
}
