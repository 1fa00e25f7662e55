// The library under a test's control: one line of JSON in for each call, one out for each answer.

import { createInterface } from 'node:readline'
import { createClient } from '../../api/console/perdure-client.js'

const client = createClient(JSON.parse(process.argv[2]))
const sessions = new Map()
const seen = new Map()
const heard = new Map()
const feed = { connections: [], events: [] }

/** What a page would have shown after each notice. */
const remember = (name, state) => {
  const said = state.messages.filter(({ role }) => role === 'assistant').map(({ text }) => text)
  const { connection, outbox, problem } = state
  seen.get(name).push({ connection, said, outbox: outbox.map(({ status }) => status), problem: problem?.code ?? null })
}

const keep = (name, session) => {
  sessions.set(name, session)
  seen.set(name, [])
  heard.set(name, [])
  session.onEvents(() => {
    throw new Error('a clumsy listener')
  })
  session.onEvents((events) => heard.get(name).push(...events.map(({ type, cursor }) => [type, cursor])))
  session.subscribe((state) => remember(name, state))
  return { id: session.id, token: session.token }
}

/** Until `holds`, a condition on `state`, is true. */
const until = (name, holds) =>
  new Promise((resolve) => {
    const session = sessions.get(name)
    const isTrue = new Function('state', `return (${holds})`)
    const look = () => isTrue(session.state) && (leave(), resolve(session.state))
    const leave = session.subscribe(look)
    look()
  })

const told = async (value) => {
  if (!(value instanceof Blob)) return value
  return { type: value.type, size: value.size, head: Buffer.from(await value.arrayBuffer()).subarray(0, 4).toString() }
}

const calls = {
  start: async (name, body) => keep(name, await client.startSession(body)),
  open: (name, id, token) => keep(name, client.openSession(id, token)),
  token: (name, id) => client.sessionToken(id),
  listen: () =>
    client
      .feed({
        connection: (is) => feed.connections.push(is),
        event: ({ type, session_id }) => feed.events.push([type, session_id]),
      })
      .start(),
  fed: () => feed,
  list: (name, query) => client.listSessions(query),
  until,
  state: (name) => sessions.get(name).state,
  seen: (name) => seen.get(name),
  heard: (name) => heard.get(name),
}

const call = async ({ what, name, args }) =>
  calls[what] ? calls[what](name, ...args) : told(await sessions.get(name)[what](...args))

const problemOf = ({ status, code, detail, errors, retryAfter, stack }) =>
  code === undefined ? { code: 'bug', detail: stack } : { status, code, detail, errors, retryAfter }

process.on('uncaughtException', (error) => {
  if (error.message !== 'a clumsy listener') throw error
})

for await (const line of createInterface(process.stdin)) {
  const asked = JSON.parse(line)
  call(asked)
    .then((answer) => ({ answer: answer ?? null }))
    .catch((problem) => ({ problem: problemOf(problem) }))
    .then((result) => process.stdout.write(`${JSON.stringify({ number: asked.number, ...result })}\n`))
}
process.exit()
