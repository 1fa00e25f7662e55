// @ts-check
/**
 * All sessions of whoever looks, live.
 *
 * Owns the list, its search, and the feed that keeps it true: what the feed tells is shown at once, and the list is read
 * again behind it. Must not open a session: it links to it.
 *
 * @import * as P from '../perdure-client.d.ts'
 * @import { Clock } from './clock.js'
 * @import { Settings } from './app.js'
 */

import { ago, duration } from './clock.js'
import { h, place, say } from './elements.js'
import { nameOf, problemIn } from './words.js'

const TYPING_MS = 200
const AGAIN_MS = 1000
const PAGE = 50
const OPEN = 'active,idle,paused'

/**
 * @param {P.Client} client @param {Clock} clock @param {(profile: string) => void} start a session of this profile
 * @param {(connection: P.State['connection'], problem: P.ProblemError | null) => void} changed @param {() => void} askKey
 */
export function sessionList(client, clock, start, changed, askKey) {
  /** @type {P.SessionSnapshot[] | null} */
  let items = null
  /** @type {string | null} */
  let next = null
  let wanted = PAGE
  let timer = 0
  let isReading = false
  let isStale = false
  /** @type {Set<string>} */
  const asked = new Set()
  /** @type {string | null} */
  let openId = null
  /** @type {number | null} */
  let nextAttemptAt = null
  /** @type {P.ProblemError | null} */
  let problem = null
  /** @type {Map<string, ReturnType<typeof entry>>} */
  const entries = new Map()

  const search = h('input', { type: 'search', placeholder: 'Search: key, id or title', 'aria-label': 'Search sessions', onInput: () => anew(TYPING_MS) })
  const status = h('select', { 'aria-label': 'Which sessions', onChange: () => anew(0) }, h('option', { value: OPEN }, 'Open'), h('option', { value: '' }, 'All'))
  const profile = h('select', { 'aria-label': 'Profile of the new session' })
  const begin = h('button', { className: 'primary', onClick: () => start(profile.value || 'chat') }, 'New session')
  const list = h('ul', {})
  const note = h('p', { className: 'note', role: 'status' }, 'Loading …')
  const now = h('button', { hidden: true, onClick: () => feed.start() }, 'Try now')
  const when = h('span', { className: 'note' })
  const unlock = h('button', { hidden: true, onClick: askKey }, 'Give an API key')
  const more = h('button', { hidden: true, onClick: () => anew(0, wanted + PAGE) }, 'More')
  const element = h(
    'nav', { className: 'sessions', 'aria-label': 'Sessions' },
    h('div', { className: 'row' }, profile, begin), h('div', { className: 'row' }, search, status), note, h('div', { className: 'row' }, now, when), unlock, list, more,
  )

  const feed = client.feed({
    connection(connection, why, attemptAt) {
      ;[nextAttemptAt, problem] = [attemptAt, why]
      if (connection === 'live') soon(0)
      render()
      changed(connection, why)
    },
    event({ session_id: id, session, type, ...told }) {
      if (type === 'session.open') asks(id)
      items = items?.map((item) => (item.session_id === id ? { ...item, ...session, ...fieldsOf(type, told) } : item)) ?? null
      render()
      soon(AGAIN_MS)
    },
  })

  /** Somebody asks whoever looks to open a session: nobody is torn away from an open one. @param {string} id */
  function asks(id) {
    if (openId) asked.add(id)
    else location.hash = `#/${id}`
  }

  /** @param {number} ms @param {number} [count] of sessions */
  const anew = (ms, count = PAGE) => [(wanted = count), soon(ms)]

  /** @param {number} ms */
  function soon(ms) {
    if (ms === AGAIN_MS && timer) return
    clearTimeout(timer)
    timer = window.setTimeout(read, ms)
  }

  /** As many as were asked for; what changes meanwhile is read afterwards. */
  async function read() {
    timer = 0
    isStale = isReading
    if (isReading) return
    isReading = true
    try {
      ;[items, next] = await pages({ q: search.value.trim() || undefined, status: status.value || undefined })
      problem = null
    } catch (error) {
      problem = /** @type {P.ProblemError} */ (error)
    }
    isReading = false
    render()
    if (isStale) void read()
  }

  /** @param {P.SessionQuery} query @returns {Promise<[P.SessionSnapshot[], string | null]>} */
  async function pages(query) {
    /** @type {P.SessionSnapshot[]} */
    const found = []
    let cursor = null
    do {
      const page = await client.listSessions({ ...query, cursor, limit: PAGE })
      found.push(...page.items)
      cursor = page.next_cursor
    } while (cursor && found.length < wanted)
    return [found, cursor]
  }

  function render() {
    place(list, (items ?? []).map(shown))
    more.hidden = !next
    now.hidden = when.hidden = nextAttemptAt === null
    say(when, `in ${duration(clock.until(nextAttemptAt) ?? 0)}`)
    unlock.hidden = problem?.status !== 401
    say(note, told())
    note.hidden = !note.textContent
  }

  /** @param {P.SessionSnapshot} session */
  function shown(session) {
    const known = entries.get(session.session_id) ?? entry(session.session_id)
    entries.set(session.session_id, known)
    const isOpen = session.session_id === openId || session.session_key === openId
    if (isOpen) asked.delete(session.session_id)
    known.render(session, clock, isOpen, asked.has(session.session_id))
    return known.element
  }

  function told() {
    if (nextAttemptAt) return 'Not reachable; it is tried again.'
    if (problem) return problemIn(problem)
    if (items === null) return 'Loading …'
    if (items.length) return ''
    return search.value ? 'No session begins like that.' : 'No session is open.'
  }

  const untick = clock.onTick(render)
  feed.start()
  return {
    element,

    /** @param {Settings} settings */
    offer({ profiles }) {
      const options = profiles.map(({ name, description }) => h('option', { value: name, title: description, selected: name === 'chat' }, name))
      profile.replaceChildren(...options)
    },

    /** @param {string | null} id or key, of the session that is shown beside the list */
    mark(id) {
      openId = id
      render()
    },

    /** @param {boolean} isSeen */
    attend: (isSeen) => (isSeen ? feed.start() : feed.stop()),

    leave() {
      feed.stop()
      untick()
      clearTimeout(timer)
    },
  }
}

/** @param {string} type @param {any} told */
const fieldsOf = (type, told) =>
  ({ 'session.status_changed': { status: told.new }, 'session.ended': { status: 'closed' } })[type] ?? {}

/** @param {string} id */
function entry(id) {
  const name = h('span', { className: 'name', dir: 'auto' })
  const about = h('span', { className: 'about' })
  const link = h('a', { href: `#/${id}` }, name, about)
  const element = h('li', {}, link)
  return {
    element,
    /** @param {P.SessionSnapshot} session @param {Clock} clock @param {boolean} isOpen @param {boolean} isAsked */
    render(session, clock, isOpen, isAsked) {
      const seconds = -(clock.until(session.last_activity_at) ?? 0)
      link.dataset.status = session.status
      link.setAttribute('aria-current', String(isOpen))
      say(name, nameOf(session))
      const { status, profile, title, session_key: key } = session
      say(about, [isAsked && 'you are asked to open it', status, profile, title && key, ago(seconds)].filter(Boolean).join(' · '))
    },
  }
}
