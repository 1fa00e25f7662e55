// @ts-check
/**
 * A client of Perdure: sessions, their events, and what a viewer holds of them.
 *
 * Owns the calls, the event stream with its reconnects, and the rules by which events become one immutable state.
 * Must not touch the page, and keeps a credential in memory only: an app that wants it to outlive a reload puts
 * `session.token` into sessionStorage. Types, and what the public names mean, are in `perdure-client.d.ts`.
 *
 * @import * as P from './perdure-client.d.ts'
 * @typedef {Record<string, any>} Json
 * @typedef {(state: P.State, event: Json) => P.State} Rule
 */

const MISSING_TEXT = '…'
const ANSWER_WITHIN_MS = 20_000
const PATIENCE_MS = 5_000
/** What timers can count. */
const LONGEST_MS = 2 ** 31 - 1
/** A frame of a page that nobody looks at may never come. */
const LATEST_FRAME_MS = 100
/** After these, clocks and counts of the snapshot are not true any more. */
const OUTDATING = /^(turn|voice|phase)\.|\.(status_changed|accepted|withdrawn|ended)$/
const REFRESH_AFTER_MS = 250

// ---- problems

export class ProblemError extends Error {
  name = 'ProblemError'

  /** @param {P.Problem} problem */
  constructor({ status = 0, code = 'unreachable', detail = 'Nobody answers.', errors = [], retryAfter = null }) {
    super(detail)
    this.status = status
    this.code = code
    this.detail = detail
    this.errors = errors
    this.retryAfter = retryAfter
  }
}

/** @param {unknown} error */
const asProblem = (error) =>
  error instanceof ProblemError ? error : new ProblemError({ detail: `Nobody answers: ${error}` })

/** @param {unknown} error @returns {never} */
function fail(error) {
  throw asProblem(error)
}

/** @param {Response} response */
async function problemOf({ status, headers, body }) {
  const told = await new Response(body).json().catch(() => null)
  const { code = `http_${status}`, title = `The server answered ${status}.`, detail = title, errors } = told ?? {}
  return new ProblemError({ status, code, detail, errors, retryAfter: secondsOf(headers.get('Retry-After') ?? '') })
}

/** RFC 9110, 10.2.3: seconds, or a date. @param {string} told */
function secondsOf(told) {
  const seconds = /^\d+$/.test(told) ? Number(told) : (Date.parse(told) - Date.now()) / 1000
  return Number.isNaN(seconds) ? null : Math.max(seconds, 0)
}

/** Whether the same request may succeed later. @param {ProblemError} problem */
const isPassing = ({ status, code }) =>
  !status || status >= 500 || [408, 425].includes(status) || (status === 429 && code !== 'queue_full')

/** Whether a stream that was refused so may be opened later. @param {ProblemError} problem */
const isOpenLater = (problem) => isPassing(problem) || [409, 429].includes(problem.status)

// ---- text, in code points

/** @param {string} text @param {number} place */
const widthAt = (text, place) => (Number(text.codePointAt(place)) > 0xffff ? 2 : 1)

/** @param {string} text */
function lengthOf(text) {
  let length = 0
  for (let place = 0; place < text.length; place += widthAt(text, place)) length += 1
  return length
}

/** What follows the first `count` code points. @param {string} text @param {number} count */
function behind(text, count) {
  let place = 0
  for (let left = count; left > 0; left -= 1) place += widthAt(text, place)
  return text.slice(place)
}

// ---- what an event must have

/** @param {any} value @param {boolean} isRight */
function given(value, isRight) {
  if (!isRight) throw new TypeError('malformed event')
  return value
}

/** @param {any} value @returns {string} */
const text = (value) => given(value, typeof value === 'string')

/** @param {any} value @returns {number} */
const count = (value) => given(value, Number.isInteger(value))

/** @param {any} value @returns {any[]} */
const list = (value) => given(value, Array.isArray(value))

// ---- lists by message id

/** @typedef {{messageId: string}} Named */

/** From the end, where things happen. @param {readonly Named[]} items @param {string} messageId */
function placeOf(items, messageId) {
  let place = items.length - 1
  while (place >= 0 && items[place].messageId !== messageId) place -= 1
  return place
}

/** @template {Named} T @param {readonly T[]} items @param {string} messageId @returns {T | undefined} */
const find = (items, messageId) => items[placeOf(items, messageId)]

/** In its old place, or at the end. @template {Named} T @param {readonly T[]} items @param {T} item */
function put(items, item) {
  const place = placeOf(items, item.messageId)
  const more = items.slice()
  more[place < 0 ? more.length : place] = item
  return more
}

/** @template {Named} T @param {readonly T[]} items @param {string} messageId */
const drop = (items, messageId) => items.filter((item) => item.messageId !== messageId)

// ---- the state and its rules

/** @type {P.State} */
export const initialState = deepFreeze({
  connection: 'closed',
  nextAttemptAt: null,
  problem: null,
  session: null,
  messages: [],
  waiting: [],
  outbox: [],
  turn: null,
  progress: null,
  voice: { state: null, interruption: null },
  sentences: 0,
  told: [],
  speech: [],
  endReason: null,
  cursor: null,
  isTorn: false,
})

/** @type {Rule} */
export function reduce(state, event) {
  const next = ruled(state, event)
  const cursor = event?.cursor ?? next.cursor
  return cursor === next.cursor ? next : { ...next, cursor }
}

/** @type {Rule} */
function ruled(state, event) {
  try {
    return Object.hasOwn(RULES, event.type) ? RULES[event.type](state, event) : state
  } catch (error) {
    if (error instanceof TypeError) return state
    throw error
  }
}

/** @type {Rule} */
function sessionShown(state, { session }) {
  const voice = { ...state.voice, state: session.voice_state ?? null }
  return { ...state, session, voice }
}

/** @type {Rule} */
const turnOver = (state, event) =>
  state.turn && state.turn.number <= count(event.turn) ? { ...state, turn: null } : state

/** @type {Record<string, Rule>} */
const RULES = {
  'session.started': sessionShown,
  'session.updated': sessionShown,
  'session.paused': sessionShown,
  'session.resumed': sessionShown,

  'session.status_changed': (state, event) => ({ ...state, session: withStatus(state, event.new) }),

  'session.ended'(state, event) {
    const endReason = text(event.reason)
    const session = { ...withStatus(state, 'closed'), end_reason: endReason }
    return { ...state, session, waiting: [], turn: null, endReason }
  },

  'message.accepted'(state, event) {
    const messageId = text(event.message_id)
    const isOwn = Boolean(find(state.outbox, messageId) ?? find(state.waiting, messageId)?.isOwn)
    const { delivery, agent = null } = event
    const message = { messageId, text: text(event.content), delivery: given(delivery, !!delivery), agent, isOwn }
    const arrived = { ...state, outbox: drop(state.outbox, messageId) }
    return find(state.messages, messageId) ? arrived : { ...arrived, waiting: put(state.waiting, message) }
  },

  'message.rejected': rejected,

  'message.withdrawn'(state, event) {
    const messageId = text(event.message_id)
    return { ...state, waiting: drop(state.waiting, messageId), outbox: drop(state.outbox, messageId) }
  },

  'message.injected': (state, event) => used(state, event.message_id, count(event.turn)),

  'message.delta'(state, event) {
    const [messageId, piece, turn] = [text(event.message_id), text(event.text), count(event.turn)]
    const message = find(state.messages, messageId) ?? begun(state, messageId, turn)
    const offset = count(event.offset)
    const end = offset + lengthOf(piece)
    if (end <= message.end || message.status !== 'streaming') return state
    const isTorn = offset > message.end
    const more = isTorn ? MISSING_TEXT + piece : behind(piece, message.end - offset)
    const messages = put(state.messages, { ...message, text: message.text + more, end })
    return { ...state, messages, turn: goingOn(state.turn, turn), isTorn: state.isTorn || isTorn }
  },

  'message.completed'(state, event) {
    const [messageId, said, turn] = [text(event.message_id), text(event.text), count(event.turn)]
    const before = find(state.messages, messageId) ?? begun(state, messageId, turn)
    const message = { ...before, ...whole(said), turn, status: /** @type {any} */ (text(event.status)) }
    return { ...state, messages: put(state.messages, message) }
  },

  'message.truncated'(state, event) {
    const message = find(state.messages, event.message_id)
    return message ? { ...state, messages: put(state.messages, { ...message, ...whole(text(event.text)) }) } : state
  },

  'turn.started'(state, event) {
    const number = count(event.turn)
    const next = list(event.message_ids).reduce((held, messageId) => used(held, messageId, number), state)
    return { ...next, turn: turnOf({ ...event, number }), voice: { ...next.voice, interruption: null } }
  },

  'turn.retrying'(state, event) {
    const retry = { saidAt: text(event.at), at: text(event.next_retry_at), reason: text(event.reason) }
    const turn = goingOn(state.turn, count(event.turn))
    return { ...state, turn: { ...turn, attempt: count(event.attempt), retry } }
  },

  'turn.superseded'(state, event) {
    const [messageId, number] = [text(event.message_id), count(event.turn)]
    const [isKnown, anew] = [find(state.messages, messageId), begun(state, messageId, number)]
    const turn = goingOn(state.turn, number)
    return { ...state, turn, messages: isKnown ? put(state.messages, anew) : state.messages }
  },

  'turn.completed': turnOver,
  'turn.stopped': turnOver,
  'turn.failed': turnOver,

  'phase.started': (state, event) => ({ ...state, progress: phaseOf(event) }),

  'phase.winding_down'(state, event) {
    const sentences = Math.max(count(event.sentences), state.progress?.sentences ?? 0)
    return { ...state, progress: { ...phaseOf(event), sentences, windingDown: true } }
  },

  'phase.completed'(state, event) {
    const windingDown = Boolean(state.progress?.windingDown)
    return { ...state, progress: { ...phaseOf(event), sentences: count(event.sentences), windingDown } }
  },

  sentence(state, { index, turn, text: said, phase = null }) {
    if (count(index) < state.sentences) return state
    const { progress, told } = state
    const isOfPhase = progress && phase === progress.phase
    return {
      ...state,
      told: [...told, { index, turn, text: said, phase }],
      sentences: index + 1,
      progress: isOfPhase ? { ...progress, sentences: progress.sentences + 1 } : progress,
    }
  },

  'speech.ready': announced,
  'speech.skipped': announced,

  'voice.state_changed'(state, event) {
    const isTakenBack = event.old === 'barged_in' && event.new === 'speaking'
    const interruption = isTakenBack ? null : state.voice.interruption
    return { ...state, voice: { state: /** @type {any} */ (text(event.new)), interruption } }
  },

  interruption(state, { turn, heard_ms: heardMs, heard_text: heardText }) {
    return { ...state, voice: { ...state.voice, interruption: { turn, heardMs, heardText } } }
  },

  reset(state, { session, messages, partial, sentences = [], speech = [], rejected: lost = [] }) {
    const { queue, turn, phase, voice_state: voice, end_reason: endReason = null } = session ?? {}
    const said = list(messages).map(transcribed)
    const begun = partial && { role: 'assistant', status: 'streaming', ...partial }
    given(null, session !== undefined && partial !== undefined)
    const fresh = {
      ...anew(lost.reduce(rejected, state), session ?? {}),
      messages: begun ? put(said, transcribed({ agent: turn?.agent, content: partial.text, ...begun })) : said,
      waiting: list(queue ?? []).map((queued) => waitingIn(state, queued)),
      turn: turn ? turnOf(turn) : null,
      progress: phase ? phaseIn(state.progress, phase) : null,
      voice: { state: voice ?? null, interruption: null },
      endReason,
    }
    const heard = speech.reduce(announced, sentences.reduce(RULES.sentence, fresh))
    return { ...heard, outbox: unseen(heard) }
  },
}

/** Of the session nothing is told yet. @param {P.State} state @param {any} session @returns {P.State} */
function anew({ connection, nextAttemptAt, problem, outbox, cursor }, session) {
  return { ...initialState, connection, nextAttemptAt, problem, outbox, cursor, session }
}

/** @param {P.State} state @param {any} status @returns {any} */
const withStatus = (state, status) => ({ ...state.session, status: text(status) })

/** @param {string} text */
const whole = (text) => ({ text, end: lengthOf(text) })

/** @param {P.State} state @param {string} messageId @param {number} turn @returns {P.Message} */
function begun({ turn: running }, messageId, turn) {
  const agent = running?.number === turn ? running.agent : null
  return { messageId, role: 'assistant', ...whole(''), status: 'streaming', turn, agent }
}

/** @param {Json} told @returns {P.Message} */
function transcribed({ message_id: messageId, role, content, status, turn = null, agent = null }) {
  return { messageId: text(messageId), role, ...whole(text(content)), status, turn, agent }
}

/** @param {Json} turn @returns {P.Turn} */
const turnOf = ({ number, agent = null, attempt = 1 }) => ({ number: count(number), agent, attempt, retry: null })

/** The turn in which something was said: it waits no more. @param {P.Turn | null} turn @param {number} number */
const goingOn = (turn, number) => (turn?.number === number && !turn.retry ? turn : turnOf({ ...turn, number }))

/** @param {Json} event @returns {P.Progress} */
function phaseOf({ phase, index, of, budget = null }) {
  return { phase: text(phase), index: count(index), of: count(of), budget, sentences: 0, windingDown: false }
}

/** Of a snapshot, which does not tell the budget. @param {P.Progress | null} held @param {Json} phase */
const phaseIn = (held, { name, ...place }) =>
  phaseOf({ ...place, phase: name, budget: held?.phase === name ? held?.budget : null })

/** The snapshot shows only the beginning of a text. @param {P.State} state @param {Json} queued */
function waitingIn(state, { message_id: messageId, text: beginning, delivery, agent = null }) {
  const own = find(state.outbox, text(messageId))
  const message = { messageId, text: own?.text ?? text(beginning), delivery, agent, isOwn: Boolean(own) }
  return find(state.waiting, messageId) ?? message
}

/** Out of the queue, into what was said. @param {P.State} state @param {any} messageId @param {number} turn */
function used(state, messageId, turn) {
  const waiting = find(state.waiting, text(messageId))
  if (!waiting) return state
  /** @type {P.Message} */
  const said = { messageId, role: 'user', ...whole(waiting.text), status: 'complete', turn, agent: waiting.agent }
  return { ...state, waiting: drop(state.waiting, messageId), messages: put(state.messages, said) }
}

/** @param {P.State} state @param {string} messageId */
const isTaken = (state, messageId) => find(state.messages, messageId) ?? find(state.waiting, messageId)

/** What its events do not show yet. @param {P.State} state */
const unseen = (state) => state.outbox.filter(({ messageId }) => !isTaken(state, messageId))

/** @type {Rule} */
function rejected(state, { message_id: messageId, reason: code = 'rejected' }) {
  const waiting = find(state.waiting, text(messageId))
  const own = find(state.outbox, messageId) ?? (waiting?.isOwn ? waiting : null)
  const left = { ...state, waiting: drop(state.waiting, messageId) }
  if (!own) return left
  const problem = new ProblemError({ code, detail: 'The session could not take this message.' })
  const { text: said, delivery, agent } = own
  return { ...left, outbox: put(left.outbox, { messageId, text: said, delivery, agent, status: 'rejected', problem }) }
}

/** @type {Rule} */
function announced(state, { sentence_index: index, audio_id: audioId = null, format = null, ...event }) {
  if (count(index) <= (state.speech.at(-1)?.index ?? -1)) return state
  const { turn = null, text: said = null } = state.told.find((sentence) => sentence.index === index) ?? {}
  const { duration_ms: durationMs = 0, reason: skipped = null } = event
  return { ...state, speech: [...state.speech, { index, turn, text: said, audioId, format, durationMs, skipped }] }
}

/** @template T @param {T} value @returns {T} */
function deepFreeze(value) {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.values(Object.freeze(value)).forEach(deepFreeze)
  }
  return value
}

// ---- who listens

/** What one listener does wrong is not the others' loss. @template T @param {(told: T) => void} listener */
const guarded = (listener) => (/** @type {T} */ told) => {
  try {
    listener(told)
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}

// ---- the state that is watched

/** Where there are no frames: after what runs now. @param {() => void} tell */
function beforeNextFrame(tell) {
  const isPage = typeof requestAnimationFrame === 'function'
  if (!isPage || globalThis.document?.hidden) return queueMicrotask(tell)
  const frame = requestAnimationFrame(() => [clearTimeout(timer), tell()])
  const timer = setTimeout(() => [cancelAnimationFrame(frame), tell()], LATEST_FRAME_MS)
}

/** @typedef {ReturnType<typeof watched>} Held */

/** One state, and who wants to know of the next one. */
function watched() {
  let state = initialState
  let isAnnounced = false
  /** @type {Set<P.Listener>} */
  const listeners = new Set()

  function tellAll() {
    isAnnounced = false
    listeners.forEach((listener) => listener(held.state))
  }

  const held = {
    get state() {
      return deepFreeze(state)
    },

    /** @param {(state: P.State) => P.State} change */
    change(change) {
      const before = state
      state = change(state)
      if (state === before || isAnnounced) return
      isAnnounced = true
      beforeNextFrame(tellAll)
    },

    /** @param {P.Listener} listener */
    subscribe(listener) {
      const one = guarded(listener)
      listeners.add(one)
      return () => void listeners.delete(one)
    },
  }
  return held
}

// ---- calls

/** @typedef {{silenceMs: number, firstWaitMs: number, longestWaitMs: number}} Timing */
/** @typedef {{query?: Json, body?: object, headers?: Record<string, string>, signal?: AbortSignal}} Asked */
/** @typedef {ReturnType<typeof apiAt>} Api */

/** Waits between tries: full jitter, so that not all clients come back at once. @param {Timing} timing */
function backoff({ firstWaitMs, longestWaitMs }) {
  let step = firstWaitMs
  return {
    /** @param {ProblemError | null} problem may say how long at least @returns {number} milliseconds */
    wait(problem) {
      const ms = Math.random() * step
      step = Math.min(step * 2, longestWaitMs)
      return Math.max(ms, Math.min((problem?.retryAfter ?? 0) * 1000, LONGEST_MS))
    },
    reset: () => void (step = firstWaitMs),
  }
}

/** Waiting that can be cut short. */
function pausing() {
  let wake = () => {}
  return {
    /** @param {number} ms @returns {Promise<void>} */
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        wake = () => [clearTimeout(timer), resolve()]
      }),
    end: () => wake(),
  }
}

/**
 * What `call` answers, made again while nobody answers, but not behind `until`.
 *
 * @template T @param {() => Promise<T>} call @param {Timing} timing @param {number} [until]
 * @param {ReturnType<typeof pausing>} [pause] @returns {Promise<T>}
 */
async function patiently(call, timing, until = Date.now() + PATIENCE_MS, pause = pausing()) {
  for (const next = backoff(timing); ; ) {
    try {
      return await call()
    } catch (error) {
      const problem = asProblem(error)
      const ms = next.wait(problem)
      if (!isPassing(problem) || Date.now() + ms > until) throw problem
      await pause.wait(ms)
    }
  }
}

/**
 * Its calls under one credential; each throws ProblemError.
 *
 * @param {string} url @param {string | null} credential @param {Timing} timing
 */
function apiAt(url, credential, timing) {
  /** @type {Record<string, string>} */
  const authorization = credential ? { Authorization: `Bearer ${credential}` } : {}

  /** @param {string} method @param {string} path @param {Asked} [asked] */
  async function answer(method, path, { query = {}, body, headers, signal } = {}) {
    const told = { ...authorization, ...(body ? { 'Content-Type': 'application/json' } : null), ...headers }
    const response = await fetch(url + path + queryOf(query), {
      method,
      headers: told,
      body: body && JSON.stringify(body),
      signal: signal ?? AbortSignal.timeout(ANSWER_WITHIN_MS),
      cache: 'no-store',
    }).catch(fail)
    return response.ok ? response : fail(await problemOf(response))
  }

  return {
    timing,
    credential,
    answer,

    /** @param {string} method @param {string} path @param {Asked} [asked] @returns {Promise<any>} */
    once: async (method, path, asked) => (await answer(method, path, asked)).json().catch(fail),

    /** The same, for what may be done twice. @type {(method: string, path: string, asked?: Asked) => Promise<any>} */
    patient(method, path, asked) {
      return patiently(() => this.once(method, path, asked), timing)
    },
  }
}

/** @param {Json} query */
function queryOf(query) {
  const told = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return told.length ? `?${new URLSearchParams(told)}` : ''
}

/** Not `randomUUID`, which plain HTTP lacks. */
const freshId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

// ---- the event stream

/** Source: WHATWG HTML, server-sent events. */
export class FrameParser {
  #decoder = new TextDecoder()
  #rest = ''
  #endsInReturn = false
  #id = ''
  #kind = ''
  /** @type {string[]} */
  #data = []

  /** @param {Uint8Array} chunk @returns {P.Frame[]} */
  feed(chunk) {
    const lines = this.#decoded(chunk).split(/\r\n|\r|\n/)
    lines[0] = this.#rest + lines[0]
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => (line ? this.#field(line) : this.#frame()))
  }

  /** Without the second half of a line's end whose first half came before. @param {Uint8Array} chunk */
  #decoded(chunk) {
    const text = this.#decoder.decode(chunk, { stream: true })
    const isHalf = this.#endsInReturn && text.startsWith('\n')
    if (text) this.#endsInReturn = text.endsWith('\r')
    return isHalf ? text.slice(1) : text
  }

  /** @param {string} line @returns {P.Frame[]} */
  #field(line) {
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#kind = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    return []
  }

  /** @returns {P.Frame[]} */
  #frame() {
    const frames = this.#data.length ? [{ id: this.#id, kind: this.#kind, data: this.#data.join('\n') }] : []
    this.#kind = ''
    this.#data = []
    return frames
  }
}

/** @param {P.Frame} frame @returns {Json} */
const eventOf = ({ id, data }) => ({ ...JSON.parse(data), cursor: id })

/**
 * The events of a session, or of all (`path` is empty), over as many connections as it takes. `ear.events` may throw
 * what makes a connection not worth keeping.
 *
 * @param {Api} api @param {string} path
 * @param {{connection(is: P.State['connection'], problem: ProblemError | null, nextAttemptAt?: number): void,
 *   events(events: Json[]): void, cursor(): string | null, isOver(): boolean}} ear
 */
function eventStream(api, path, ear) {
  const tries = backoff(api.timing)
  const pause = pausing()
  /** @type {AbortController | null} */
  let running = null

  /** @param {Response} response @param {AbortSignal} left @param {() => void} heard */
  async function read(response, left, heard) {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader()
    const parser = new FrameParser()
    while (!ear.isOver()) {
      const { done, value } = await reader.read()
      if (done || left.aborted) return
      heard()
      const events = parser.feed(value).map(eventOf)
      ear.events(events)
      if (events.some((event) => !event.replay)) tries.reset()
    }
  }

  /** What ended it; null: the server did. @param {AbortSignal} left */
  async function oneConnection(left) {
    const connection = new AbortController()
    const { signal } = connection
    const abort = () => connection.abort()
    left.addEventListener('abort', abort, { signal })
    let silence = setTimeout(abort, api.timing.silenceMs)
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(abort, api.timing.silenceMs)
    }
    try {
      const cursor = ear.cursor()
      const headers = { Accept: 'text/event-stream', ...(cursor && { 'Last-Event-ID': cursor }) }
      const response = await api.answer('GET', `${path}/events`, { headers, signal })
      if (!left.aborted) ear.connection('live', null)
      return await read(response, left, heard).then(() => null)
    } catch (error) {
      return asProblem(error)
    } finally {
      clearTimeout(silence)
      abort()
    }
  }

  /** @param {AbortSignal} left */
  async function run(left) {
    globalThis.addEventListener?.('online', pause.end, { signal: left })
    while (!left.aborted) {
      ear.connection('connecting', null)
      const problem = await oneConnection(left)
      if (left.aborted) return
      const isOver = ear.isOver()
      if (isOver || (problem && !isOpenLater(problem))) return stop(isOver ? null : problem)
      const ms = tries.wait(problem)
      ear.connection('waiting', problem, Date.now() + ms)
      await pause.wait(ms)
    }
  }

  /** @param {ProblemError | null} problem */
  function stop(problem) {
    running?.abort()
    running = null
    pause.end()
    ear.connection('closed', problem)
  }

  return {
    /** Who waits for the next try waits no longer. */
    start() {
      if (running) return pause.end()
      running = new AbortController()
      void run(running.signal)
    },
    stop: () => stop(null),
  }
}

// ---- messages on their way

/** One after the other, again and again until answered. @param {Api} api @param {string} path @param {Held} held */
function outboxOf(api, path, held) {
  const pause = pausing()
  /** @type {Promise<unknown>} */
  let last = Promise.resolve()
  /** @type {Map<string, Promise<P.MessageTaken>>} */
  const unanswered = new Map()

  /** @param {Json} letter @returns {Promise<P.MessageTaken>} */
  async function deliver(letter) {
    const { message_id: messageId } = letter
    const post = () => api.once('POST', `${path}/messages`, { body: letter })
    try {
      const taken = await patiently(post, api.timing, Infinity, pause)
      held.change((state) => answered(state, messageId, 'confirmed', null))
      return taken
    } catch (error) {
      // An older answer may have been lost, and the message seen in the events.
      if (isTaken(held.state, messageId)) return { message_id: messageId, cursor: held.state.cursor ?? '' }
      held.change((state) => answered(state, messageId, 'rejected', asProblem(error)))
      throw error
    }
  }

  return {
    /** @param {any} letter a message as the API takes it */
    put(letter) {
      held.change((state) => pending(state, letter))
      const answer = last.then(() => deliver(letter))
      unanswered.set(letter.message_id, answer)
      // Who only watches the state learns of a refusal, too.
      last = answer.catch(() => {}).then(() => unanswered.delete(letter.message_id))
      return answer
    },

    /** Until this message is on its way no more. @param {string} messageId */
    settled: async (messageId) => void (await unanswered.get(messageId)?.catch(() => {})),

    /** Somebody may answer again. */
    wake: pause.end,
  }
}

/** @param {P.State} state @param {Json} letter @returns {P.State} */
function pending(state, { message_id: messageId, content, delivery = 'steer', agent = null }) {
  if (isTaken(state, messageId)) return state
  /** @type {P.OutgoingMessage} */
  const message = { messageId, text: content, delivery, agent, status: 'pending', problem: null }
  return { ...state, outbox: put(state.outbox, message) }
}

/**
 * @param {P.State} state @param {string} messageId
 * @param {P.OutgoingMessage['status']} status @param {ProblemError | null} problem
 */
function answered(state, messageId, status, problem) {
  const message = find(state.outbox, messageId)
  if (message?.status !== 'pending') return state
  return { ...state, outbox: put(state.outbox, { ...message, status, problem }) }
}

// ---- a session

/** @param {Api} api @param {string} id @param {any} [snapshot] @returns {P.Session} */
function sessionAt(api, id, snapshot) {
  const path = `/sessions/${encodeURIComponent(id)}`
  const held = watched()
  /** @type {Set<(events: Json[]) => void>} */
  const ears = new Set()
  const outbox = outboxOf(api, path, held)
  const stream = eventStream(api, path, {
    connection(connection, problem, nextAttemptAt = 0) {
      held.change((state) => ({ ...state, connection, problem, nextAttemptAt: nextAttemptAt || null }))
      if (connection === 'live') outbox.wake()
    },
    events(events) {
      held.change((state) => events.reduce(reduce, state.isTorn ? anew(state, state.session) : state))
      ears.forEach((ear) => ear(events))
      if (events.some(({ type }) => OUTDATING.test(type))) refreshSoon()
      if (held.state.isTorn) throw new ProblemError({ code: 'gap', detail: 'Something was missing; beginning anew.' })
    },
    cursor: () => (held.state.isTorn ? null : held.state.cursor),
    isOver: () => held.state.endReason !== null,
  })
  if (snapshot) held.change((state) => sessionShown(state, { session: snapshot }))
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let outdated

  async function refresh() {
    for (let tries = 3; ; tries -= 1) {
      const { session: before, voice } = held.state
      const session = await api.patient('GET', path)
      // An event that came meanwhile may be newer than the answer.
      if ((held.state.session !== before || held.state.voice !== voice) && tries > 1) continue
      held.change((state) => sessionShown(state, { session }))
      return session
    }
  }

  function refreshSoon() {
    outdated ??= setTimeout(() => {
      outdated = undefined
      refresh().catch(() => {})
    }, REFRESH_AFTER_MS)
  }

  /** @param {string} action @param {object} [body] */
  const post = (action, body) => api.once('POST', `${path}/${action}`, { body })
  /** @param {string} action */
  const act = (action) => api.patient('POST', `${path}/${action}`)

  return {
    id,
    token: api.credential,

    get state() {
      return held.state
    },
    subscribe: held.subscribe,
    onEvents(listener) {
      const one = guarded(listener)
      ears.add(one)
      return () => void ears.delete(one)
    },

    connect: () => void (held.state.endReason === null && stream.start()),
    disconnect() {
      clearTimeout(outdated)
      outdated = undefined
      stream.stop()
    },

    refresh,

    transcript: (query = {}) => api.patient('GET', `${path}/messages`, { query }),

    send(content, { messageId = `web-${freshId()}`, ...options } = {}) {
      return outbox.put({ content, message_id: messageId, ...options })
    },

    async withdraw(messageId) {
      await outbox.settled(messageId)
      const isRefused = find(held.state.outbox, messageId)?.status === 'rejected'
      if (!isRefused) await api.patient('DELETE', `${path}/messages/${encodeURIComponent(messageId)}`)
      held.change((state) => ({ ...state, outbox: drop(state.outbox, messageId) }))
    },

    stop: () => act('stop'),
    pause: () => act('pause'),
    resume: () => act('resume'),
    close: (query = {}) => api.patient('DELETE', path, { query }),
    update: (changes) => api.patient('PATCH', path, { body: changes }),
    listening: (on) => post('listening', { on }),
    playback: (report) => post('playback', report),
    bargeIn: (report) => post('barge_in', report),
    takeBack: () => post('barge_in', { resume: true }),

    async audio(audioId) {
      const load = () => api.answer('GET', `${path}/audio/${encodeURIComponent(audioId)}`)
      return (await patiently(load, api.timing)).blob().catch(fail)
    },
  }
}

// ---- the client

/** @param {P.ClientOptions} [options] @returns {P.Client} */
export function createClient({ baseUrl = globalThis.location?.origin ?? '', credential = null, ...timing } = {}) {
  const url = `${baseUrl.replace(/\/+$/, '')}/v1`
  const times = { silenceMs: 45_000, firstWaitMs: 500, longestWaitMs: 30_000, ...timing }
  const api = apiAt(url, credential, times)
  return {
    async startSession(body = {}) {
      const headers = { 'Idempotency-Key': freshId() }
      const { session_token: token, ...snapshot } = await api.patient('POST', '/sessions', { body, headers })
      return sessionAt(apiAt(url, token, times), snapshot.session_id, snapshot)
    },
    openSession: (id, token) => sessionAt(token ? apiAt(url, token, times) : api, id),
    listSessions: (query = {}) => api.patient('GET', '/sessions', { query }),
    async sessionToken(id) {
      return (await api.patient('POST', `/sessions/${encodeURIComponent(id)}/token`)).session_token
    },
    feed: ({ connection, event }) =>
      eventStream(api, '', {
        connection: (is, problem, nextAttemptAt) => connection(is, problem, nextAttemptAt ?? null),
        events: (events) => events.forEach(event),
        cursor: () => null,
        isOver: () => false,
      }),
  }
}
