// @ts-check
/**
 * Perdure for React: a session as what components show.
 *
 * Owns which session a provider follows, keeping it over a refresh, and the view that components get. Must not render
 * anything, nor keep a token longer than the tab. Types, and what the names mean, are in `use-session.d.ts`.
 *
 * @import * as P from './perdure-client.d.ts'
 * @import * as V from './use-session.d.ts'
 * @typedef {Omit<P.Session, 'id'> & {id: string | null}} Shown
 */

import { createContext, createElement, useContext, useEffect, useReducer, useRef, useState } from 'react'
import { useSyncExternalStore } from 'react'
import { initialState, ProblemError } from './perdure-client.js'

const CALLS =
  'send withdraw stop pause resume close update refresh transcript listening playback bargeIn takeBack audio'
/** Nothing will come of asking again under this token. */
const GONE = [401, 404, 410]

/** `before` if that is alike. @template {Record<any, any>} T @param {T} next @param {any} before @returns {T} */
function steady(next, before) {
  const keys = Object.keys(next)
  const isAlike = before && keys.length === Object.keys(before).length && keys.every((key) => next[key] === before[key])
  return isAlike ? before : Object.freeze(next)
}

/** @param {readonly V.Entry[]} thread @param {V.SessionView['conversations']} [before] */
function byAgent(thread, before) {
  const first = thread.find(({ agent }) => agent)?.agent ?? 'assistant'
  /** @type {Record<string, V.Entry[]>} */
  const lists = Object.create(null)
  for (const entry of thread) (lists[entry.agent ?? first] ??= []).push(entry)
  for (const agent in lists) lists[agent] = steady(lists[agent], before?.[agent])
  return steady(lists, before)
}

/** @param {Shown} shown @param {() => void} startAnew @param {V.SessionView} [before] @returns {V.SessionView} */
function viewOf({ state, token, connect: retry, disconnect, subscribe, onEvents, ...calls }, startAnew, before) {
  const { progress: phase, ...rest } = state
  const { messages, waiting, outbox, session, turn, nextAttemptAt, endReason } = rest
  const isOver = endReason !== null
  const clocks = [!isOver && session?.idle_at, !isOver && session?.ends_at, turn?.retry?.at]
  const [idleAt, endsAt, retryAt] = clocks.map((at) => (at ? Date.parse(at) : null))
  const deadlines = steady({ idleAt, endsAt, retryAt, nextAttemptAt }, before?.deadlines)
  const unsaid = [...waiting, ...outbox].map((message) => {
    const known = before?.thread.findLast(({ messageId }) => messageId === message.messageId)
    return steady(/** @type {V.Entry} */ ({ role: 'user', turn: null, status: 'waiting', ...message }), known)
  })
  const thread = steady([...messages, ...unsaid], before?.thread)
  const conversations = byAgent(thread, before?.conversations)
  return Object.freeze({ ...rest, ...calls, retry, startAnew, phase, thread, conversations, deadlines, isOver })
}

/**
 * In the place of a session.
 *
 * @param {P.State['connection']} connection @param {unknown} [problem] @param {() => void} [connect] @returns {any}
 */
function nobody(connection, problem = null, connect = () => {}) {
  const refuse = async () => {
    throw new ProblemError({ code: 'not_started', detail: 'There is no session yet.' })
  }
  const calls = Object.fromEntries(CALLS.split(' ').map((name) => [name, refuse]))
  return { ...calls, id: null, connect, state: { ...initialState, connection, problem } }
}

/** What the tab keeps; with `session` (null: none), from now on. @param {string} [name] @param {any} [session] */
function kept(name, session) {
  try {
    if (!name) return null
    if (session) sessionStorage.setItem(name, JSON.stringify({ id: session.id, token: session.token }))
    if (session === null) sessionStorage.removeItem(name)
    return JSON.parse(sessionStorage.getItem(name) ?? 'null')
  } catch {
    return null
  }
}

/** What a provider and the components in it share. @param {() => void} again */
function stageOf(again) {
  /** @type {V.SessionProviderProps} */
  let props
  /** @type {unknown[]} */
  let wish
  /** @type {Promise<P.Session | null>} */
  let found
  let isRecalled = false
  /** @type {Shown} */
  let shown = nobody('connecting')
  let view = viewOf(shown, startAnew)
  let { state } = shown
  const first = view
  const listeners = new Set()
  const tell = () => listeners.forEach((listener) => listener())
  const forget = () => kept(props.remember, null)

  function startAnew() {
    // What is being started is new.
    if (shown.id === null && shown.state.connection === 'connecting') return
    forget()
    again()
  }

  /** @param {Shown} next */
  function show(next) {
    shown = next
    view = viewOf(shown, startAnew, view)
    state = shown.state
    tell()
  }

  async function find() {
    const { client, id, token, start, remember } = props
    const known = kept(remember)
    isRecalled = !id && known
    if (id) return client.openSession(id, token ?? (known?.id === id ? known.token : undefined))
    if (known) return client.openSession(known.id, known.token)
    return start ? client.startSession(start) : null
  }

  /** @param {P.Session} session */
  function attend(session) {
    const deafen = session.subscribe(({ connection, problem }) => {
      const isGone = connection === 'closed' && GONE.includes(problem?.status ?? 0)
      if (isGone) forget()
      if (isGone && isRecalled && props.start) again()
      else tell()
    })
    kept(props.remember, session)
    show(session)
    session.connect()
    return () => {
      deafen()
      session.disconnect()
    }
  }

  return {
    first: () => first,
    view() {
      if (shown.state !== state) view = viewOf(shown, startAnew, view)
      state = shown.state
      return view
    },
    /** @param {() => void} listener */
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    /** Until the answer is called; React may ask twice. @param {unknown[]} now @param {typeof props} given */
    follow(now, given) {
      if (steady(now, wish) !== wish) {
        wish = now
        props = given
        found = find()
        show(nobody('connecting'))
      }
      let isLeft = false
      let leave = () => {}
      found.then(
        (session) => isLeft || (session ? (leave = attend(session)) : show(nobody('closed', null, again))),
        (problem) => isLeft || show(nobody('closed', problem, again)),
      )
      return () => {
        isLeft = true
        leave()
      }
    },
  }
}

const Stage = createContext(/** @type {ReturnType<typeof stageOf> | null} */ (null))

/** @param {V.SessionProviderProps} props */
export function SessionProvider(props) {
  const [tries, again] = useReducer((/** @type {number} */ made) => made + 1, 0)
  const [stage] = useState(() => stageOf(again))
  const wish = [props.id, props.token, props.remember, tries]
  useEffect(() => stage.follow(wish, props), wish)
  return createElement(Stage.Provider, { value: stage }, props.children)
}

/**
 * @template [T=V.SessionView]
 * @param {(view: V.SessionView) => T} [select] @param {(before: T, now: T) => boolean} [isEqual]
 */
export function useSession(select = (view) => /** @type {any} */ (view), isEqual = Object.is) {
  const stage = useContext(Stage)
  if (!stage) throw new Error('useSession is used outside of a SessionProvider.')
  const held = useRef(/** @type {any} */ (null))
  /** @param {() => V.SessionView} look @returns {() => T} */
  const chosen = (look) => () => {
    const view = look()
    const { current: before } = held
    if (before?.view === view && before.select === select) return before.value
    const next = select(view)
    const value = before && isEqual(before.value, next) ? before.value : next
    held.current = { view, select, value }
    return value
  }
  return useSyncExternalStore(stage.subscribe, chosen(stage.view), chosen(stage.first))
}
