// @ts-check
/**
 * The console: sessions on one side, the open one beside them.
 *
 * Owns the client and its key, which session is open (the URL's fragment says it), and the tokens of opened sessions, so
 * that a reload without the key still shows the session. Must not draw.
 *
 * @import * as P from '../perdure-client.d.ts'
 *
 * @typedef {object} Settings what the server tells its console
 * @property {string} temporal_ui where a workflow is found; `{workflow_id}` stands for its id
 * @property {{name: string, description: string}[]} profiles
 * @property {number | null} worker_pid of this machine's worker, where everything runs on one machine
 */

import { createClient } from '../perdure-client.js'
import { createClock } from './clock.js'
import { h } from './elements.js'
import { keyPrompt } from './key-prompt.js'
import { trialOf } from './kill-trial.js'
import { sessionList } from './session-list.js'
import { sessionPage } from './session-page.js'
import { problemIn } from './words.js'
import { welcome } from './welcome.js'

const clock = createClock()
const main = h('main', { id: 'main', tabIndex: -1 })
const side = h('div', { className: 'side' })
const prompt = keyPrompt(enter)

/** @type {string | null} */
let key = null
let client = createClient()
/** @type {Settings | null} */
let settings = null
/** @type {ReturnType<typeof sessionList> | null} */
let list = null
/** @type {ReturnType<typeof sessionPage> | null} */
let open = null
/** @type {string | null} */
let openId = null

/** Left with something that is still to be sent. @type {Map<string, P.Session>} */
const unsent = new Map()

/** @param {P.Session} session */
const isUnsent = ({ state }) => state.outbox.some(({ status }) => status === 'pending')

/** @param {string} id */
const tokenOf = (id) => sessionStorage.getItem(`perdure.token.${id}`) ?? undefined

/** @param {string} id @param {string | null} token */
const keepToken = (id, token) => token && sessionStorage.setItem(`perdure.token.${id}`, token)

// ---- the key

/** @param {string} given */
function enter(given) {
  key = given
  client = createClient({ credential: key })
  settings = null
  openId = null
  unsent.clear()
  showList()
  void show()
}

/** @param {P.State['connection']} connection @param {P.ProblemError | null} problem */
function connected(connection, problem) {
  if (problem?.status === 401 && !(openId && tokenOf(openId))) prompt.ask(key !== null)
  if (connection === 'live' && !settings) void loadSettings()
}

/** @returns {Promise<Settings | null>} */
async function readSettings() {
  /** @type {Record<string, string>} */
  const headers = key ? { Authorization: `Bearer ${key}` } : {}
  const answer = await fetch('/console/settings', { headers, cache: 'no-store' }).catch(() => null)
  clock.hear({ at: answer?.headers.get('Date') })
  return answer?.ok ? answer.json() : null
}

async function loadSettings() {
  settings = await readSettings()
  if (!settings) return
  list?.offer(settings)
  if (!openId) showWelcome()
}

// ---- what is shown

function showList() {
  list?.leave()
  list = sessionList(client, clock, start, connected, () => prompt.ask(false))
  side.replaceChildren(list.element)
}

function showWelcome() {
  document.title = 'Perdure'
  main.replaceChildren(welcome(start, startTrial, settings))
}

const workerPid = async () => (await readSettings())?.worker_pid ?? null

/** @param {P.Session} session */
function showSession(session) {
  keepToken(session.id, session.token === key ? null : session.token)
  open = sessionPage(session, clock, () => settings, workerPid, startTrial)
  main.replaceChildren(open.element)
  open.focus()
}

/** The session that the URL names. */
async function show() {
  const id = /^#\/([\w-]+)$/.exec(location.hash)?.[1] ?? null
  if (id && id === openId) return
  if (open && isUnsent(open.session)) unsent.set(open.session.id, open.session)
  open?.leave()
  open = null
  openId = id
  list?.mark(id)
  document.body.toggleAttribute('data-open', id !== null)
  if (!id) return showWelcome()
  const left = unsent.get(id)
  unsent.delete(id)
  showSession(left && isUnsent(left) ? left : client.openSession(id, key ? undefined : tokenOf(id)))
  if (key) keepToken(id, await client.sessionToken(id).catch(() => null))
}

const startTrial = async () => start('chat', trialOf(await workerPid()))

/** @param {string} profile @param {P.NewSession} [more] */
async function start(profile, more) {
  const { hash } = location
  try {
    const session = await client.startSession({ profile, ...more })
    keepToken(session.id, session.token)
    if (location.hash === hash) location.hash = `#/${session.id}`
  } catch (/** @type {any} */ error) {
    main.querySelector(':scope > .banner')?.remove()
    main.prepend(h('p', { className: 'banner', role: 'alert' }, `No session was started: ${problemIn(error)}`))
  }
}

// Its fragment would be read as a session's name.
/** @param {Event} event */
const skip = (event) => [event.preventDefault(), main.focus()]
document.body.prepend(h('a', { className: 'skip', href: '#main', onClick: skip }, 'Skip to the session'))

/** A browser has six connections to a server: tabs that nobody sees hold none. */
function attend() {
  list?.attend(!document.hidden)
  open?.attend(!document.hidden)
}

document.addEventListener('visibilitychange', attend)
addEventListener('beforeunload', (event) => {
  if ([...unsent.values(), ...(open ? [open.session] : [])].some(isUnsent)) event.preventDefault()
})
document.querySelector('.brand')?.after(side, main, prompt.element)
addEventListener('hashchange', () => void show())
showList()
void show()
