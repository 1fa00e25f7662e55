// @ts-check
/**
 * Plays what a session says: each sentence once, in order, right behind the one before.
 *
 * Owns the sound and how much of it was heard, and tells the session; must not touch the page. Meanings: `player.d.ts`.
 *
 * @import * as P from './player.d.ts'
 */

const FADE_SECONDS = 0.02
const TAKE_BACK_MS = 2000
const BLOCKED_MS = 500
const SOUNDS_AHEAD = 3
const JOINED_MS = 30_000
const MOST_LEFT = 40
const NEXT_TRY_MS = 500
const MOST_TRIES = 240

/** @type {typeof P.createPlayer} */
export function createPlayer({ session, audioContext }) {
  /** @type {AudioContext} */
  let context
  /** @type {AnalyserNode} */
  let analyser
  /** @type {GainNode} */
  let volume
  let [isOn, hasPlayed, freeAt] = [false, false, 0]
  let newest = session.state.speech.at(-1)?.index ?? -1
  let next = { index: newest + 1, ms: 0 }
  /** @type {P.Sound[]} */
  let playing = []
  /** null: cannot be had. @type {Map<string | null, AudioBuffer | null | undefined>} */
  const loaded = new Map()
  /** @type {P.Cut | null} */
  let cut = null
  /** @type {number[]} */
  let unheard = []
  /** @type {object | null} */
  let lastReport = null
  let reports = Promise.resolve()
  /** @type {Set<(state: P.PlayerState) => void>} */
  const listeners = new Set()
  let state = view()

  const isRunning = () => context?.state === 'running'

  /** @param {number} index */
  function from(index) {
    const { speech } = session.state
    return speech.slice(speech.findLastIndex((one) => one.index < index) + 1).filter(({ audioId }) => audioId)
  }

  function heard() {
    const time = playing.length && context.currentTime - (context.outputLatency || 0)
    const sound = playing.find(({ endsAt }) => time < endsAt)
    if (!sound) return
    const { one, ms, startsAt } = sound
    return { one, ms: Math.min(Math.round(Math.max(time - startsAt, 0) * 1000) + ms, one.durationMs) }
  }

  function view() {
    const { one, ms } = heard() ?? { ms: 0 }
    return Object.freeze({
      isOn,
      isPlaying: !!one && isRunning(),
      isBlocked: isOn && !isRunning(),
      index: one?.index ?? null,
      playedMs: ms,
      ahead: isOn && !cut ? from(one ? one.index + 1 : next.index).length : 0,
      goesOnUntil: cut?.until ?? null,
      unheard,
    })
  }

  function publish() {
    state = view()
    listeners.forEach((listener) => listener(state))
  }

  /** Of reports that wait, only the newest is sent. @type {P.Report} */
  function report({ turn, index }, ms, state) {
    const mine = (lastReport = { turn: turn ?? 0, sentence_index: index, played_ms: ms, state })
    const send = async () => void (turn && mine === lastReport && (await session.playback(mine)))
    reports = reports.then(send).catch(() => {})
  }

  /** @param {string} id */
  async function load(id, tries = 1) {
    let sound = null
    loaded.set(id, undefined)
    try {
      sound = await context.decodeAudioData(await (await session.audio(id)).arrayBuffer())
    } catch (/** @type {any} */ { status }) {
      // What a store has lost comes again; an error without a status means: it is no audio.
      if (status >= 0 && status !== 410 && tries < MOST_TRIES)
        return setTimeout(() => loaded.has(id) && load(id, tries + 1), NEXT_TRY_MS)
    }
    if (loaded.has(id)) loaded.set(id, sound)
    pump()
  }

  /** @param {P.Announcement} one @param {AudioBuffer} buffer */
  function play(one, buffer) {
    const { ms } = next
    const source = new AudioBufferSourceNode(context, { buffer })
    const startsAt = Math.max(context.currentTime, freeAt)
    freeAt = startsAt + Math.max(buffer.duration - ms / 1000, 0)
    source.connect(volume)
    source.start(startsAt, ms / 1000)
    hasPlayed = true
    if (playing.push({ one, source, startsAt, endsAt: freeAt, ms }) === 1) report(one, ms, 'started')
    source.onended = () => {
      playing.shift()
      loaded.delete(one.audioId)
      if (playing.length) report(playing[0].one, 0, 'started')
      pump()
      // The start of another one says as much.
      if (!playing.length) report(one, one.durationMs, 'finished')
    }
  }

  function pump() {
    const wanted = isOn && isRunning() && !cut ? from(next.index).slice(0, SOUNDS_AHEAD) : []
    wanted.forEach(({ audioId }) => audioId && !loaded.has(audioId) && load(audioId))
    for (const one of wanted) {
      const buffer = loaded.get(one.audioId)
      if (buffer === undefined || playing.length === SOUNDS_AHEAD) break
      if (buffer) play(one, buffer)
      else unheard = [...unheard, one.index]
      next = { index: one.index + 1, ms: 0 }
    }
    publish()
  }

  /** Silence, now; what was not heard comes next. */
  function hush(isPause = true) {
    const place = heard()
    if (!place) return
    const { one, ms } = place
    const { currentTime: now } = context
    freeAt = now + FADE_SECONDS
    volume.gain.setValueAtTime(1, now).linearRampToValueAtTime(0, freeAt).setValueAtTime(1, freeAt)
    playing.forEach(({ source }) => [(source.onended = null), source.stop(freeAt)])
    playing = []
    next = { index: one.index, ms }
    if (isPause) report(one, ms, 'paused')
  }

  /** What was announced until now is not heard. */
  function drop() {
    hush()
    loaded.clear()
    goOn({ index: newest + 1, ms: 0 })
  }

  function goOn(place = next) {
    next = place
    cut = null
    pump()
  }

  /** Until it is known what comes of an interruption. @param {Promise<boolean>} asked */
  function hold(asked) {
    hush(false)
    lastReport = null
    /** @type {P.Cut} */
    const mine = (cut = { until: Date.now() + TAKE_BACK_MS, isKnown: false, asked })
    setTimeout(() => {
      mine.until = null
      if (cut === mine) mine.isKnown ? publish() : drop()
    }, TAKE_BACK_MS)
    publish()
    return mine
  }

  /** @param {Record<string, any>} event */
  function hear({ type, replay, reason, session: shown, ...event }) {
    newest = Math.max(newest, event.sentence_index ?? event.speech?.at(-1)?.sentence_index ?? -1)
    if (!isOn) return
    // What is told of the past was announced before.
    if (replay && !hasPlayed) join()
    const voice = type === 'reset' ? shown?.voice_state : type === 'voice.state_changed' && event.new
    if (voice === 'barged_in') (cut ?? hold(Promise.resolve(true))).isKnown = true
    else if (voice && cut?.isKnown) voice === 'speaking' ? goOn() : drop()
    else if (type === 'turn.stopped' && !cut && reason !== 'barged_in') drop()
    // What is complete is heard to its end.
    else if (type === 'session.ended' && reason !== 'completed') drop()
  }
  const deafen = session.onEvents((events) => events.forEach(hear))

  function join() {
    const { speech, voice } = session.state
    let ms = voice.state === 'speaking' ? 0 : Infinity
    const isOld = (/** @type {P.Announcement} */ { turn, durationMs }) =>
      turn !== speech.at(-1)?.turn || (ms += durationMs) > JOINED_MS
    next = { index: speech[speech.findLastIndex(isOld) + 1]?.index ?? newest + 1, ms: 0 }
  }

  return {
    get state() {
      return state
    },

    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    turnOn({ fromTheBeginning = false } = {}) {
      if (!context) {
        context = audioContext ?? new AudioContext()
        volume = new GainNode(context)
        analyser = new AnalyserNode(context)
        volume.connect(analyser).connect(context.destination)
        context.addEventListener('statechange', pump)
      }
      isOn = true
      if (fromTheBeginning) {
        hush(false)
        hasPlayed = true
        goOn({ index: 0, ms: 0 })
      } else if (!hasPlayed || from(next.index).length > MOST_LEFT) join()
      void context.resume()
      if (isRunning()) pump()
      else setTimeout(pump, BLOCKED_MS)
    },

    turnOff() {
      if (cut) drop()
      hush()
      isOn = false
      publish()
    },

    interrupt() {
      const { one, ms } = heard() ?? { one: from(next.index)[0], ms: next.ms }
      if (!isOn || cut || !one) return
      const { turn, index } = one
      const asked = turn && session.bargeIn({ turn, sentence_index: index, played_ms: ms })
      hold(Promise.resolve(asked).then(Boolean, () => false))
    },

    async takeBack() {
      const mine = cut
      if (!mine?.until) return
      if (await mine.asked) await session.takeBack().catch(() => {})
      // A session that knew of none tells of no end of it.
      if (cut === mine && !mine.isKnown) goOn()
    },

    level() {
      const samples = new Float32Array(512)
      analyser?.getFloatTimeDomainData(samples)
      return Math.min(Math.hypot(...samples) / 6, 1)
    },

    render: pump,

    close() {
      deafen()
      listeners.clear()
      loaded.clear()
      hush(false)
      isOn = false
      context?.removeEventListener('statechange', pump)
      if (!audioContext) void context?.close()
    },
  }
}
