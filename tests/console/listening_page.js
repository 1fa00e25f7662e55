// What the tests of the player see of it: when each sound begins and ends, what is reported, and what is forbidden.
import { createClient } from '/console/perdure-client.js'
import { createPlayer } from '/console/page/player.js'
import { voicePane } from '/console/page/voice-pane.js'

const starts = []
const violations = []
const asked = []
const spoilt = new Set()
const hidden = new Set()
let holds = null

addEventListener('securitypolicyviolation', ({ violatedDirective }) => violations.push(violatedDirective))

const { start, stop } = AudioBufferSourceNode.prototype
AudioBufferSourceNode.prototype.start = function (when, offset) {
  const { context, buffer } = this
  const end = when + buffer.duration - offset
  starts.push({ source: this, when, offset, end, length: buffer.duration, at: context.currentTime })
  start.call(this, when, offset)
}
AudioBufferSourceNode.prototype.stop = function (when) {
  const one = starts.find(({ source }) => source === this)
  one.end = Math.max(Math.min(one.end, when), one.when)
  one.isStopped = true
  stop.call(this, when)
}

/** What was heard, without what was stopped before it began. */
const sounds = () => starts.filter(({ when, end }) => end > when).map(({ source, ...sound }) => sound)

function noted(session) {
  const noting = (name) => async (...given) => {
    const note = { name, given, at: performance.now() }
    asked.push(note)
    if (name === 'audio' && holds) await holds.promise
    if (name === 'audio' && hidden.has(given[0])) throw Object.assign(new Error('gone'), { status: 410 })
    try {
      const answer = await session[name](...given)
      note.status = 202
      return name === 'audio' && spoilt.has(given[0]) ? new Blob(['no audio']) : answer
    } catch (error) {
      note.status = error.status
      throw error
    }
  }
  const names = ['audio', 'playback', 'bargeIn', 'takeBack']
  return Object.create(session, Object.fromEntries(names.map((name) => [name, { value: noting(name) }])))
}

function open(id, token) {
  const client = createClient({ firstWaitMs: 100, longestWaitMs: 500 })
  const session = noted(client.openSession(id, token))
  const context = new AudioContext()
  const player = createPlayer({ session, audioContext: context })
  const pane = voicePane({ session, player })
  const [heard, told, changes] = [[], [], []]
  session.subscribe(pane.render)
  session.onEvents((events) => {
    told.push(...events.map((event) => event.new ?? event.type))
  })
  player.subscribe((state) => {
    changes.push({ ...state, at: performance.now() })
    if (state.index !== null && state.index !== heard.at(-1)) heard.push(state.index)
  })
  document.querySelector('main').replaceChildren(pane.element)
  session.connect()
  Object.assign(globalThis, { session, context, player, pane, heard, told, changes })
}

Object.assign(globalThis, {
  open, sounds, starts, violations, asked, spoilt, hidden,
  holdAudio: () => (holds = Promise.withResolvers()),
  releaseAudio: () => [holds.resolve(), (holds = null)],
})
document.documentElement.dataset.ready = 'yes'
