// How often listeners hear of a burst of events: without frames, in a page with frames, in one
// that is hidden, and in one that is covered, whose frames never come.

import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from './asked.mjs'

const library = '../../api/console/perdure-client.js'
const { createClient } = await import(library)
const delta = (n) => ({ type: 'message.delta', turn: 1, message_id: 'a-1.1', offset: n, text: 'x' })
const frame = (n) => `id: ${n}\ndata: ${JSON.stringify(delta(n))}\n\n`
const burst = Array.from({ length: 50 }, (_, n) => Array.from({ length: 10 }, (_, m) => frame(10 * n + m)).join(''))

/** What a listener hears of 500 deltas that come at once in 50 chunks, behind an onlooker that throws. */
async function heard() {
  const body = new ReadableStream({
    start: (stream) => burst.forEach((chunk) => stream.enqueue(new TextEncoder().encode(chunk))),
  })
  globalThis.fetch = async () => new Response(body)
  const session = createClient({ baseUrl: 'http://api' }).openSession('s')
  const lengths = []
  session.subscribe(() => {
    throw new Error('clumsy')
  })
  const left = session.subscribe(() => lengths.push(-1))
  session.subscribe((state) => lengths.push(state.messages[0]?.end ?? 0))
  left()
  session.connect()
  await sleep(400)
  const { state } = session
  const isFrozen = [state, state.messages, state.messages[0], state.voice].every(Object.isFrozen)
  const found = { lengths: [...lengths], isFrozen, isSame: session.state === state }
  session.disconnect()
  await sleep(20)
  return found
}

let clumsy = 0
process.on('uncaughtException', () => (clumsy += 1))

const plain = await heard()

globalThis.document = { hidden: false }
globalThis.requestAnimationFrame = (tell) => setTimeout(tell, 16)
globalThis.cancelAnimationFrame = clearTimeout
const framed = await heard()

globalThis.requestAnimationFrame = () => 0
globalThis.document = { hidden: true }
const hidden = await heard()

globalThis.document = { hidden: false }
const covered = await heard()

answer({ plain, framed, hidden, covered, clumsy })
process.exit()
