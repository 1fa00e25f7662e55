// `react_module.js` is the React binding without its declarations beside it: what it infers must be what they say.

import { createElement, type ReactElement } from 'react'
import { createClient, type Message, type ProblemError } from './perdure-client.js'
import * as written from './react_module.js'
import * as declared from './use-session.js'

type Declared = typeof declared
type Written = typeof written

export const asDeclared: Declared = written
export const noMore: Record<keyof Declared, true> = {} as Record<keyof Written, true>
export const noLess: Record<keyof Written, true> = {} as Record<keyof Declared, true>

// What an app writes.
const client = createClient()
const props: declared.SessionProviderProps = { client, start: { profile: 'guided' }, remember: 'talk' }

export const App = (): ReactElement => createElement(declared.SessionProvider, props, createElement(Talk))

function Talk(): ReactElement {
  const { conversations, deadlines, phase, send, thread } = declared.useSession()
  const problem: ProblemError | null | undefined = declared.useSession((view) => view.thread.at(-1)?.problem)
  const counts = declared.useSession(
    ({ waiting, outbox }) => [waiting.length, outbox.length],
    (before, now) => before.join() === now.join(),
  )
  const left: number = (deadlines.endsAt ?? 0) - Date.now()
  const said: Message['text'][] = [...(conversations.guide ?? []), ...thread].map(({ text }) => text)
  const onClick = () => send('hello', { delivery: 'queue' }).catch(({ code }: ProblemError) => code)
  // @ts-expect-error: the view is not the app's to change
  thread.push(thread[0])
  // @ts-expect-error: no such part
  declared.useSession(({ progress }) => progress)
  // @ts-expect-error: a provider needs a client
  createElement(declared.SessionProvider, { id: 'SESSION-001' })
  return createElement('button', { onClick }, problem?.detail, counts, left, said, phase?.windingDown)
}
