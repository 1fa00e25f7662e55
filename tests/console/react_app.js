// An app that shows one session with React, under a test's control: what to mount stands behind the `#` of its URL.

import { createElement as h, memo, StrictMode, useLayoutEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { createClient } from './perdure-client.js'
import { SessionProvider, useSession } from './use-session.js'

const client = createClient({ firstWaitMs: 100, longestWaitMs: 1000 })
const renders = { whole: 0, phase: 0, thread: 0, send: 0, message: 0 }
const frames = []

/** What the page shows, by its elements. */
const shown = () =>
  Array.from(document.querySelectorAll('li'), ({ id, dataset, textContent }) => [id, dataset.status, textContent])

const Message = memo(({ entry }) => {
  renders.message += 1
  return h('li', { id: entry.messageId, 'data-status': entry.status }, entry.text)
})

function Whole() {
  renders.whole += 1
  const view = useSession()
  useLayoutEffect(() => {
    app.view = view
    app.views.push(view)
    frames.push({ id: view.id, connection: view.connection, problem: view.problem?.code ?? null, shown: shown() })
  })
  return h('ol', { title: view.connection }, view.thread.map((entry) => h(Message, { key: entry.messageId, entry })))
}

function Phase() {
  renders.phase += 1
  return h('p', null, useSession(({ phase }) => phase?.phase ?? 'no phase'))
}

const isSameList = (one, other) => one.join() === other.join()

function Thread() {
  renders.thread += 1
  return h('p', null, useSession(({ thread }) => thread.map(({ messageId }) => messageId), isSameList).join())
}

function SendButton() {
  renders.send += 1
  const send = useSession((view) => view.send)
  return h('button', { onClick: () => send('from the button') }, 'Send')
}

function Connection() {
  return h('p', null, useSession(({ connection }) => connection))
}

const tree = ({ isStrict = true, ...props }, components = [Whole, Phase, Thread, SendButton]) => {
  const parts = components.map((part) => h(part, { key: part.name }))
  const provider = h(SessionProvider, { client, ...props }, parts)
  return isStrict ? h(StrictMode, null, provider) : provider
}

const root = createRoot(document.getElementById('root'))

const app = {
  view: null,
  views: [],
  frames,
  renders,
  show: (options) => root.render(tree(options)),
  unmount: () => root.unmount(),
  onServer: (options) => renderToString(tree(options, [Connection])),
}

window.app = app
if (location.hash) app.show(JSON.parse(decodeURIComponent(location.hash.slice(1))))
