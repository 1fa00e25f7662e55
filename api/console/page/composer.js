// @ts-check
/**
 * Where a person writes.
 *
 * Owns the draft, kept for this tab until it is sent. Must not know what becomes of a message.
 *
 * @import * as P from '../perdure-client.d.ts'
 */

import { h } from './elements.js'
import { DELIVERIES } from './words.js'

const LONGEST = 32_768

/** @param {string} id of the session @param {{send(text: string, delivery: P.Delivery): void, stop(): void}} actions */
export function composer(id, actions) {
  const drafts = `perdure.draft.${id}`
  const text = h('textarea', {
    rows: 2,
    placeholder: 'Write a message; Enter sends it',
    dir: 'auto',
    'aria-label': 'Message',
    value: sessionStorage.getItem(drafts) ?? '',
    onInput: wrote,
    onKeydown: pressed,
  })
  const options = Object.entries(DELIVERIES).map(([value, label]) =>
    h('option', { value, title: label }, label.split(':')[0]))
  const delivery = h('select', { 'aria-label': 'Delivery while an answer runs' }, options)
  const send = h('button', { className: 'primary', type: 'submit' }, 'Send')
  const stop = h('button', { type: 'button', className: 'danger', hidden: true, onClick: actions.stop }, 'Stop')
  const element = h('form', { className: 'composer', onSubmit: sent }, text, h('div', { className: 'row' }, delivery, stop, send))

  /** Cut short without a word, a pasted text would lose its end. */
  function wrote() {
    sessionStorage.setItem(drafts, text.value)
    text.setCustomValidity(text.value.length > LONGEST ? `A message has at most ${LONGEST} characters.` : '')
  }

  /** @param {Event} event */
  function sent(event) {
    event.preventDefault()
    if (!text.value.trim()) return
    actions.send(text.value, /** @type {P.Delivery} */ (delivery.value))
    text.value = ''
    sessionStorage.removeItem(drafts)
    text.focus()
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    element.requestSubmit()
  }

  return {
    element,
    focus: () => text.focus(),

    /** @param {P.State} state */
    render({ turn, session, endReason }) {
      element.hidden = endReason !== null || session?.status === 'closed'
      stop.hidden = delivery.hidden = turn === null
      if (!turn) delivery.value = 'steer'
      delivery.title = DELIVERIES[delivery.value]
    },
  }
}
