// @ts-check
/**
 * One open session: its strip, its conversation, its voice, its events.
 *
 * Owns that they are shown together and what the buttons ask the session for. Must not know the list.
 *
 * @import * as P from '../perdure-client.d.ts'
 * @import { Clock } from './clock.js'
 * @import { Settings } from './app.js'
 * @typedef {ReturnType<typeof import('./voice-pane.js').voicePane>} Voice loaded where there is one
 */

import { duration } from './clock.js'
import { composer } from './composer.js'
import { conversation } from './conversation.js'
import { h, say } from './elements.js'
import { eventLog } from './event-log.js'
import { killTrial } from './kill-trial.js'
import { liveStrip } from './live-strip.js'
import { noNotes, noted } from './turn-notes.js'
import { endOf, nameOf, problemIn } from './words.js'

const GRACE_MS = 1000

/**
 * @param {P.Session} session @param {Clock} clock @param {() => Settings | null} settings
 * @param {() => Promise<number | null>} workerPid @param {() => void} again starts another trial
 */
export function sessionPage(session, clock, settings, workerPid, again) {
  let notes = noNotes
  /** @type {P.State | null} */
  let before = null
  let wordAt = Date.now()
  let lostAt = 0
  /** @type {P.ProblemError | null} */
  let refused = null
  /** @type {Voice | null} */
  let voice = null
  let hasVoice = false
  let isLeft = false

  const problem = h('p', { className: 'banner', role: 'alert', hidden: true })
  const now = h('button', { hidden: true, onClick: session.connect }, 'Try now')
  const when = h('span', { className: 'note' })
  const over = h('p', { className: 'note over', hidden: true })
  const tabs = ['Conversation', 'Events'].map((label) => h('button', { onClick: () => choose(label), 'aria-pressed': String(label === 'Conversation') }, label))
  const strip = liveStrip({
    rename: (title) => ask(session.update({ title })),
    pause: () => ask(session.pause()),
    resume: () => ask(session.resume()),
    close: () => ask(session.close()),
  }, clock, workflowPage)
  const said = conversation({
    withdraw: (messageId) => ask(session.withdraw(messageId)),
    sendAgain: ({ messageId, text, delivery, agent }) =>
      ask(session.withdraw(messageId).then(() => session.send(text, { delivery, agent: agent ?? undefined }))),
  }, clock)
  const log = eventLog()
  const trial = killTrial({ workerPid, again, keep: (metadata) => session.update({ metadata }).catch(() => {}) })
  const writing = composer(session.id, {
    send(text, delivery) {
      said.toEnd()
      // Refused, it stays in sight with its reason.
      session.send(text, { delivery }).catch(() => {})
    },
    stop: () => ask(session.stop()),
  })
  const element = h(
    'div', { className: 'session' },
    strip.element, h('div', { className: 'banner-row' }, problem, now, when),
    h('div', { className: 'tabs', role: 'group', 'aria-label': 'View' }, tabs),
    said.element, log.element, trial.element, writing.element, over,
  )

  /** @param {P.SessionSnapshot} snapshot */
  function workflowPage({ workflow_id: id }) {
    return settings()?.temporal_ui.replace('{workflow_id}', encodeURIComponent(id)) ?? null
  }

  /** What was refused is told until something else is asked. @param {Promise<unknown>} answer */
  async function ask(answer) {
    refused = null
    await answer.catch((error) => (refused = error))
    if (!isLeft) render()
  }

  /** @param {string} label */
  function choose(label) {
    tabs.forEach((tab) => tab.setAttribute('aria-pressed', String(tab.textContent === label)))
    said.element.hidden = label === 'Events'
    log.show(label === 'Events')
  }

  async function giveVoice() {
    hasVoice = true
    const { voicePane } = await import('./voice-pane.js')
    if (isLeft) return
    voice = voicePane({ session })
    writing.element.before(voice.element)
    render()
  }

  /** Without seconds, which an alert would count aloud. @param {P.State} state */
  function tellProblem({ connection, problem: why, endReason, nextAttemptAt }) {
    lostAt = connection === 'live' || connection === 'closed' ? 0 : lostAt || Date.now()
    const isLost = connection === 'waiting' || (lostAt > 0 && Date.now() - lostAt > GRACE_MS)
    const refusal = connection === 'closed' && endReason === null && why ? problemIn(why) : refused && problemIn(refused)
    say(problem, isLost ? 'Not connected. What you send now is kept and sent then.' : (refusal ?? ''))
    problem.hidden = !problem.textContent
    now.hidden = when.hidden = connection !== 'waiting'
    say(when, `in ${duration(clock.until(nextAttemptAt) ?? 0)}`)
  }

  /** @param {P.State} state */
  function tellEnd({ session: snapshot, endReason }) {
    over.hidden = endReason === null && snapshot?.status !== 'closed'
    say(over, `This session is closed: ${endOf(endReason ?? snapshot?.end_reason ?? '')}. It can be read, and not written to.`)
  }

  function render() {
    const { state } = session
    const { activeElement: focused } = document
    const isHere = element.contains(focused)
    if (state.messages !== before?.messages || state.turn?.number !== before?.turn?.number) wordAt = Date.now()
    strip.render(state, state.turn && !state.turn.retry ? (Date.now() - wordAt) / 1000 : 0)
    tellProblem(state)
    tellEnd(state)
    said.render(state, notes)
    trial.render(state)
    if (state.voice.state !== null && !hasVoice) void giveVoice()
    voice?.render(state)
    writing.render(state)
    log.render()
    if (state.session) document.title = `${state.turn ? '● ' : ''}${nameOf(state.session)} · Perdure`
    before = state
    if (isHere && !focused?.checkVisibility()) focus()
  }

  /** Where a person writes; else what is read. */
  function focus() {
    element.parentElement?.focus()
    writing.focus()
  }

  const leaving = [
    session.subscribe(render),
    clock.onTick(render),
    session.onEvents((events) => {
      events.forEach(clock.hear)
      notes = events.reduce(noted, notes)
      log.take(events)
    }),
  ]
  session.connect()
  render()

  return {
    element,
    session,
    focus,

    /** Who does not see it may still hear it. @param {boolean} isSeen */
    attend(isSeen) {
      if (isSeen) session.connect()
      else if (!voice?.isOn()) session.disconnect()
    },

    leave() {
      leaving.forEach((leave) => leave())
      trial.leave()
      voice?.leave()
      isLeft = true
      session.disconnect()
    },
  }
}
