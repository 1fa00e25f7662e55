// @ts-check
/**
 * The events of a session as they came, with their cursors.
 *
 * Owns this view and how many events it holds. Must not interpret them.
 */

import { timeOf } from './clock.js'
import { h, say } from './elements.js'
import { counted } from './words.js'

const HELD = 10_000
const SHOWN = 300
const LONGEST = 500

/** @typedef {Record<string, any>} Json */

export function eventLog() {
  /** @type {Json[]} */
  let events = []
  let isNew = true
  let total = 0
  const filter = h('input', { type: 'search', placeholder: 'Filter: turn, message.delta …', 'aria-label': 'Filter events', onInput: anew })
  const summary = h('p', { className: 'note' })
  const rows = h('ol', { className: 'events', tabIndex: 0, 'aria-label': 'Events, the newest first' })
  const element = h('section', { className: 'log', 'aria-label': 'Event log', hidden: true }, h('div', { className: 'row' }, filter, summary), rows)

  function anew() {
    isNew = true
    rows.replaceChildren()
    render()
  }

  function render() {
    if (element.hidden || !isNew) return
    isNew = false
    const wanted = filter.value.trim()
    const found = events.filter(({ type, cursor }) => type.includes(wanted) || cursor === wanted)
    const known = rows.firstElementChild instanceof HTMLElement ? rows.firstElementChild.dataset.cursor : null
    const place = known ? found.findLastIndex(({ cursor }) => cursor === known) : -1
    const fresh = found.slice(Math.max(place + 1, found.length - SHOWN))
    rows.prepend(...fresh.map(row).reverse())
    while (rows.childElementCount > SHOWN) rows.lastElementChild?.remove()
    say(summary, `${counted(total, 'event')}; ${rows.childElementCount} shown, the newest first`)
  }

  return {
    element,
    render,

    /** @param {Json[]} more */
    take(more) {
      events.push(...more)
      if (events.length > HELD) events = events.slice(-HELD / 2)
      total += more.length
      isNew = true
    },

    /** @param {boolean} isShown */
    show(isShown) {
      element.hidden = !isShown
      render()
    },
  }
}

/** @param {Json} event */
function row({ cursor, ...event }) {
  const { type, at, replay: _, session_id: __, ...fields } = event
  const whole = h('pre', {})
  const head = h('summary', {}, h('code', {}, cursor), h('time', {}, at && timeOf(at)), h('b', {}, type), h('span', {}, JSON.stringify(fields).slice(0, LONGEST)))
  const details = h('details', { onToggle: () => say(whole, JSON.stringify(event, null, 2)) }, head, whole)
  return h('li', { data: { cursor } }, details)
}
