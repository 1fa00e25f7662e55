// @ts-check
/**
 * What is shown while no session is open: what a session is, and how to begin.
 *
 * Owns these words. Must not start anything itself: it is told how.
 *
 * @import { Settings } from './app.js'
 */

import { h } from './elements.js'

/** @param {(profile: string) => void} start @param {() => void} startTrial @param {Settings | null} settings */
export function welcome(start, startTrial, settings) {
  const trial = h('button', { className: 'primary', onClick: startTrial }, 'Start a session that counts to 300')
  return h(
    'section', { className: 'welcome' },
    h('h1', {}, 'A conversation that outlives its processes'),
    h('p', {}, 'A session is a conversation with a model. It runs as one Temporal workflow: its words, its clocks and its waiting messages survive the worker, the API, the store and this page.'),
    h('h2', {}, 'See it in a minute'),
    h('ol', {},
      h('li', {}, 'Have a second terminal ready. ', trial),
      h('li', {}, 'While it counts, ', ...(settings?.worker_pid ? KILL : ELSEWHERE)),
      h('li', {}, 'The numbers pause for about three seconds, and go on behind the last one: what was said meanwhile comes at once, none is lost, none comes twice. Reload the page or open it in a second tab, if you like.'),
      h('li', {}, h('b', {}, 'Open in Temporal'), ' shows the workflow of this session: both attempts in its event history, its timers, and a summary among its user metadata.')),
    h('h2', {}, 'Or begin with'),
    h('ul', { className: 'profiles' }, (settings?.profiles ?? []).map((profile) => offer(profile, start))),
    h('p', { className: 'note' }, 'The same from a terminal: ', h('code', {}, 'perdure chat'), '. From a program: ', h('a', { href: '/docs' }, 'the API'), '. From a page of yours: ', h('code', {}, '/console/perdure-client.js'), '.'),
  )
}

const KILL = ['kill the worker from another terminal: the session shows the command.']
const ELSEWHERE = ['kill the worker that answers, wherever it runs; another one takes over.']

/** @param {Settings['profiles'][number]} profile @param {(profile: string) => void} start */
const offer = ({ name, description }, start) =>
  h('li', {}, h('button', { onClick: () => start(name) }, name), ' ', description)
