// `module.js` is the library without its declarations beside it: what it infers must be what they say.

import * as declared from './perdure-client.js'
import * as written from './module.js'

type Declared = typeof declared
type Written = typeof written

export const asDeclared: Declared = written
export const noMore: Record<keyof Declared, true> = {} as Record<keyof Written, true>
export const noLess: Record<keyof Written, true> = {} as Record<keyof Declared, true>

// What an app writes.
export async function app(): Promise<string> {
  const client = declared.createClient({ baseUrl: 'http://127.0.0.1:8080' })
  const session = await client.startSession({ profile: 'chat', message: { content: 'hello' } })
  const leave = session.subscribe((state) => state.messages.map(({ text, status }) => `${status}: ${text}`))
  session.connect()
  await session.send('and again', { delivery: 'queue' }).catch((error: declared.ProblemError) => error.code)
  leave()
  // @ts-expect-error: the state is not the app's to change
  session.state.connection = 'live'
  // @ts-expect-error: no such delivery
  await session.send('hello', { delivery: 'pigeon' })
  // @ts-expect-error: no such state
  await session.playback({ turn: 1, sentence_index: 0, played_ms: 0, state: 'lost' })
  return session.state.session?.session_key ?? session.id
}
