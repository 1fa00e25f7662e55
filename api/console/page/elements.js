// @ts-check
/**
 * Elements of the page, made from code.
 *
 * Owns the one way to make them: text stays text, whoever wrote it. Must not know what is shown.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, any>} Properties
 */

/**
 * An element. Of `properties`, functions named `onX` listen, `data` goes to `dataset`, names with a dash and `role` are
 * attributes, and what is null or false is left out.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Properties} [properties] @param {...(Child | readonly Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  Object.entries(properties).forEach(([name, value]) => assign(element, name, value))
  element.append(...shown(children))
  return element
}

/** @param {readonly (Child | readonly Child[])[]} children @returns {(Node | string)[]} */
const shown = (children) =>
  children.flat().flatMap((child) => (child === null || child === undefined || child === false ? [] : [asNode(child)]))

/** @param {Node | string | number} child */
const asNode = (child) => (typeof child === 'number' ? String(child) : child)

/** @param {any} element @param {string} name @param {any} value */
function assign(element, name, value) {
  if (value === null || value === undefined || value === false) return
  if (name.startsWith('on')) element.addEventListener(name.slice(2).toLowerCase(), name === 'onClick' ? once(value) : value)
  else if (name === 'data') Object.assign(element.dataset, value)
  else if (name === 'role' || name.includes('-')) element.setAttribute(name, value === true ? '' : value)
  else element[name] = value
}

/** What is under way is not begun again. @param {(event: Event) => any} act @returns {(event: Event) => void} */
function once(act) {
  /** @type {Promise<void> | null} */
  let busy = null
  return (event) => (busy ??= Promise.resolve(act(event)).finally(() => (busy = null)))
}

/** Says `text`, touching the page only if that is new. @param {Node} node @param {string} text */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** @param {Element} parent @param {readonly Node[]} children in their new order; those that stay are not moved */
export function place(parent, children) {
  const staying = new Set(children)
  /** @type {any} */
  const focused = document.activeElement
  ;[...parent.childNodes].filter((child) => !staying.has(child)).forEach((child) => child.remove())
  children.forEach((child, index) => {
    if (parent.childNodes[index] !== child) parent.insertBefore(child, parent.childNodes[index] ?? null)
  })
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true })
}
