// @ts-check
/**
 * Asking for an API key.
 *
 * Owns the dialog. The key is handed on and held nowhere here.
 */

import { h, say } from './elements.js'

/** @param {(key: string) => void} given */
export function keyPrompt(given) {
  const key = h('input', { type: 'password', required: true, pattern: '[!-~]+', title: 'Without blanks, in ASCII', autocomplete: 'off', 'aria-label': 'API key' })
  const note = h('p', { className: 'problem', role: 'alert' })
  const form = h(
    'form', { method: 'dialog', onSubmit: handOver },
    h('h2', {}, 'API key'),
    h('p', {}, 'This server wants an API key. It is kept in the memory of this tab, and nowhere else.'),
    note, key, h('button', { className: 'primary' }, 'Show sessions'),
  )
  const element = h('dialog', { 'aria-label': 'API key' }, form)

  function handOver() {
    const said = key.value.trim()
    key.value = ''
    given(said)
  }

  return {
    element,

    /** @param {boolean} wasWrong */
    ask(wasWrong) {
      say(note, wasWrong ? 'This key is not known here.' : '')
      if (!element.open) element.showModal()
    },
  }
}
