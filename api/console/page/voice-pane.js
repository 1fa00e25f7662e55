// @ts-check
/**
 * What a person sees of a voice, and presses.
 *
 * Owns its buttons, keys and words, and one player; must not know how sound is made.
 *
 * @import { Session } from '../perdure-client.d.ts'
 * @import { Player } from './player.d.ts'
 */

import { h, say } from './elements.js'
import { createPlayer } from './player.js'

const FRAME_MS = 33
const COUNTDOWN_MS = 200
/** Where Space has a meaning of its own. */
const TAKES_SPACE = 'input, textarea, select, button, a, summary, dialog, [contenteditable]'
const WORDS = {
  idle: 'Nobody has spoken yet',
  listening: 'Listening to you',
  waiting_for_input: 'Waiting for you',
  speaking: 'Speaking',
  barged_in: 'Interrupted',
  terminated: 'Over',
}

/** @param {{session: Session, player?: Player}} parts */
export function voicePane({ session, player = createPlayer({ session }) }) {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)')
  const listen = h('button', { type: 'button', onClick: turn })
  const word = h('button', { type: 'button', className: 'word', 'aria-keyshortcuts': 'Escape Space', onClick: press })
  const anew = { type: 'button', onClick: () => player.turnOn({ fromTheBeginning: true }) }
  const level = h('meter', { 'aria-label': 'Loudness' })
  const [status, heard, ahead] = [h('p', { role: 'status' }), h('p', { className: 'heard' }), h('p')]
  const buttons = h('div', {}, listen, word, h('button', anew, 'From the beginning'), level)
  const element = h('section', { className: 'voice', 'aria-label': 'Voice' }, buttons, status, heard, ahead)
  let [drawnAt, isDrawing, countdown] = [0, false, 0]

  function turn() {
    if (listen.ariaPressed === 'true') player.turnOff()
    else player.turnOn()
  }

  function press() {
    if (player.state.goesOnUntil) void player.takeBack()
    else player.interrupt()
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const { key, target, defaultPrevented, repeat, isComposing, ctrlKey, altKey, metaKey } = event
    const { isPlaying, goesOnUntil } = player.state
    const isMeant = key === 'Escape' ? isPlaying : key === ' ' && (isPlaying || goesOnUntil)
    const isOthers = target instanceof Element && target.closest(key === ' ' ? TAKES_SPACE : 'dialog, [type=search]')
    if (!isMeant || isOthers || defaultPrevented || repeat || isComposing || ctrlKey || altKey || metaKey) return
    event.preventDefault()
    press()
  }
  addEventListener('keydown', key)

  /** @param {number} now */
  function draw(now) {
    isDrawing = player.state.isPlaying && !isStill.matches && element.isConnected
    if (isDrawing) requestAnimationFrame(draw)
    if (isDrawing && now - drawnAt < FRAME_MS) return
    drawnAt = now
    level.value = isDrawing ? player.level() : 0
  }

  function show() {
    const { voice, speech } = session.state
    const { isOn, isPlaying, isBlocked, index, ahead: count, goesOnUntil, unheard } = player.state
    const isHeard = isOn && !isBlocked
    element.hidden = !voice.state
    listen.ariaPressed = `${isHeard}`
    say(listen, isHeard ? 'Stop listening' : 'Listen')
    word.disabled = !isPlaying && !count && !goesOnUntil
    say(word, goesOnUntil ? `Go on (${Math.max(Math.ceil((goesOnUntil - Date.now()) / 1000), 1)} s)` : 'Interrupt')
    clearTimeout(countdown)
    if (goesOnUntil) countdown = setTimeout(show, COUNTDOWN_MS)
    say(status, isBlocked ? 'The browser blocks the sound: press Listen' : voice.state ? WORDS[voice.state] : '')
    say(heard, speech.findLast((one) => one.index === index)?.text ?? '')
    say(ahead, (isOn ? `${count} ahead` : '') + (unheard.length ? ` · ${unheard.length} could not be played` : ''))
    if (isPlaying && !isDrawing) draw(0)
  }
  player.subscribe(show)
  show()

  return {
    element,
    isOn: () => player.state.isOn,
    render: player.render,
    leave() {
      removeEventListener('keydown', key)
      clearTimeout(countdown)
      player.close()
    },
  }
}
