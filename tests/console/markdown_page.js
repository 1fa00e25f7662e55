// What the tests of markdown.js call in a browser. Must not show anything itself.
import { markdownView } from '/console/page/markdown.js'

const SAID = ['href', 'title', 'start', 'data-align']

const serialised = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data
  const tag = node.localName
  const said = SAID.filter((name) => node.hasAttribute(name)).map((name) => ` ${name}=${node.getAttribute(name)}`)
  const ticked = node.checked ? ' checked' : ''
  return `<${tag}${said.join('')}${ticked}>${[...node.childNodes].map(serialised).join('')}</${tag}>`
}

const shownOf = (view) => [...view.element.childNodes].map(serialised).join('\n')

const mounted = () => {
  const view = markdownView()
  document.body.replaceChildren(view.element)
  return view
}

window.violations = []
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective))

window.shown = (texts) => {
  const view = mounted()
  texts.forEach((text) => view.render(text))
  return shownOf(view)
}

/** Whether each text, cut at random places, with what is replaced now and then, ends like one render of the whole. */
window.differing = (texts, seed, most) => {
  let drawn = seed
  const draw = (below) => (drawn = (drawn * 1103515245 + 12345) % 2147483648) % below
  return texts.filter((text) => {
    const whole = markdownView()
    whole.render(text)
    const cut = markdownView()
    for (let end = 0; end < text.length; end += 1 + draw(most)) {
      cut.render(text.slice(0, end))
      if (draw(40) === 0) cut.render(text.slice(0, draw(end + 1)))
    }
    cut.render(text)
    return shownOf(whole) !== shownOf(cut) || whole.element.outerHTML !== cut.element.outerHTML
  })
}

window.elements = () =>
  [...document.querySelectorAll('.markdown *')].map((element) => [
    element.localName,
    [...element.attributes].map(({ name, value }) => [name, value]),
  ])

/** Renders a growing text once a frame; what each call took, and what the frame took with its layout. */
window.streamed = async (text, deltas, perFrame) => {
  const view = mounted()
  const size = text.length / deltas
  const calls = []
  const frames = []
  for (let count = perFrame; count <= deltas; count += perFrame) {
    await new Promise(requestAnimationFrame)
    const begun = performance.now()
    view.render(text.slice(0, Math.round(count * size)))
    calls.push(performance.now() - begun)
    void document.body.offsetHeight
    frames.push(performance.now() - begun)
  }
  const at = (times, share) => times.toSorted((one, other) => one - other)[Math.floor((times.length - 1) * share)]
  const mean = (times) => times.reduce((sum, time) => sum + time, 0) / times.length
  const tenth = Math.ceil(calls.length / 10)
  return {
    first: mean(calls.slice(0, tenth)), last: mean(calls.slice(-tenth)),
    p95: at(frames, 0.95), most: at(frames, 1), blocks: view.element.childElementCount,
  }
}

/** What one render of the whole takes, and how deep its elements are. */
window.took = (text) => {
  const view = mounted()
  const begun = performance.now()
  view.render(text)
  void document.body.offsetHeight
  const ms = performance.now() - begun
  const depthOf = (node) => 1 + Math.max(0, ...[...node.children].map(depthOf))
  return { ms, depth: depthOf(view.element), text: view.element.textContent.length }
}

window.isReady = true
