// @ts-check
/**
 * Markdown of a model's answer, shown while it arrives.
 *
 * Owns what is understood. Must not make markup of text, nor cause a request: the rest is shown as its characters.
 * Text is read in pages of one block, or of `PAGE` characters of a block that goes on; only the last is read again.
 *
 * @import { Tree } from './markdown-inline.js'
 * @typedef {Record<string, any>} Any a page, or a block that is read
 */

import { h } from './elements.js'
import { inline, plain, tree } from './markdown-inline.js'

const PAGE = 4096
const DEEPEST = 12
const AUTO = { dir: 'auto' }

// ---- blocks

const QUOTE = /^ *> ?/
const ITEM = /^( *)([-*+]|(\d{1,9})[.)])(?:\s+|$)/
const FENCE = /^( *)(`{3,}(?=[^`]*$)|~{3,})(.*)/s
const HEADING = /^ *(#{1,6})(?:\s|$)/
const RULE = /^\s*([-*_])\s*(?:\1\s*){2,}$/

/** @param {string} line @param {number} most blanks to take away */
const outdent = (line, most) => line.slice(Math.min(most, line.search(/\S|$/)))

/** The line as it is inside a container, or undefined where it is not. @param {Any} container @param {string} line */
function within({ tag, least, indent }, line) {
  if (tag === 'blockquote') return QUOTE.test(line) ? line.replace(QUOTE, '') : undefined
  return line.trim() && line.search(/\S/) < least ? undefined : outdent(line, indent)
}

/** @param {string} row */
const cellsOf = (row) =>
  row
    .trim()
    .replace(/^\||(?<!\\)\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

/** @param {Any} page @param {Any} block */
function add({ open, top, at }, block) {
  const added = { at, text: '', children: [], ...block }
  ;(open.at(-1) ?? top).children.push(added)
  return added
}

/** @param {Any} page @param {number} depth */
function closeTo(page, depth) {
  page.open.length = depth
  page.leaf = null
}

/** What is in the container with which the line begins. @param {Any} page @param {number} depth @param {string} line */
function enter(page, depth, line) {
  const { open, leaf } = page
  const [quote] = QUOTE.exec(line) ?? []
  const [item, blank, marker, number] = ITEM.exec(line) ?? []
  const isAmidText = leaf?.tag === 'p' && depth === open.length && (item === line || Number(number ?? 1) !== 1)
  if (!quote && (!item || RULE.test(line) || isAmidText)) return
  const before = open[depth]
  closeTo(page, depth)
  if (quote) open.push(add(page, { tag: 'blockquote' }))
  else {
    const kind = marker?.at(-1)
    const isNext = before?.kind === kind
    const list = isNext ? before.list : add(page, { tag: number ? 'ol' : 'ul' })
    const place = { least: blank.length + 2, indent: blank.length + marker.length + 1 }
    open.push({ tag: 'li', kind, list, ...place, number: isNext ? before.number + 1 : Number(number), children: [] })
    list.children.push(open.at(-1))
  }
  return line.slice((quote ?? item ?? '').length)
}

/** @param {Any} page @param {string} line @param {string} ending */
function read(page, line, ending) {
  const { open } = page
  const isCode = page.leaf?.tag === 'figure'
  let depth = 0
  let rest = line.replace(/\r$/, '')
  if (open.length || !isCode) rest = rest.replace(/^\s+/, (blank) => blank.replaceAll('\t', '    '))
  for (let inside; open[depth] && (inside = within(open[depth], rest)) !== undefined; depth += 1) rest = inside
  if (isCode && depth === open.length) return code(page, rest, ending)
  if (depth < open.length && page.leaf?.tag !== 'p') page.leaf = null
  for (let inside; depth < DEEPEST && (inside = enter(page, depth, rest)) !== undefined; depth += 1) rest = inside
  readLeaf(page, depth, rest)
}

/** @param {Any} page @param {string} line @param {string} ending */
function code(page, line, ending) {
  const { fence, indent } = page.leaf
  const bare = line.trim()
  if (bare.length >= fence.length && bare === fence[0].repeat(bare.length)) page.leaf = null
  else page.leaf.text += outdent(line, indent) + ending
}

/** @param {Any} page @param {number} depth @param {string} line */
function readLeaf(page, depth, line) {
  const { at, leaf } = page
  const text = line.trim()
  const [, blank, fence, info] = FENCE.exec(line) ?? []
  const [heading, { length } = ''] = HEADING.exec(line) ?? []
  if (!text || fence || heading || RULE.test(line)) {
    closeTo(page, depth)
    if (fence) page.leaf = add(page, { tag: 'figure', fence, info: info.trim(), indent: blank.length })
    else if (heading) add(page, { tag: `h${Math.min(length + 2, 6)}`, text: headingOf(text.slice(length)) })
    else if (text) add(page, { tag: 'hr' })
  } else if (leaf?.tag === 'table' && text.includes('|')) leaf.rows.push(cellsOf(text))
  else if (leaf?.tag !== 'p') {
    closeTo(page, depth)
    page.leaf = add(page, { tag: 'p', text, last: at })
  } else if (depth < page.open.length || !beginTable(page, text)) {
    leaf.text += (leaf.text && '\n') + text
    leaf.last = at
  }
}

/** @param {string} text */
const headingOf = (text) => text.replace(/(?<=^|\s)#+$/, '').trim()

/** Makes the last line of a paragraph the head of a table, if it is. @param {Any} page @param {string} line below it */
function beginTable(page, line) {
  const { text, last } = page.leaf
  const end = text.lastIndexOf('\n')
  const head = cellsOf(text.slice(end + 1))
  const rule = cellsOf(line)
  if (!line.includes('|') || rule.length !== head.length || !rule.every((cell) => /^:?-+:?$/.test(cell))) return false
  if (end < 0) (page.open.at(-1) ?? page.top).children.pop()
  else page.leaf.text = text.slice(0, end)
  const aligns = rule.map((cell) => cell.endsWith(':') && (cell[0] === ':' ? 'center' : 'right'))
  page.leaf = add(page, { tag: 'table', at: last, head, aligns, rows: [] })
  return true
}

// ---- what is shown of a block

/** @param {Any} block @returns {Tree[]} nothing, where an earlier page has shown all of it */
function shown(block) {
  const { tag, text, children, rows, isMore } = block
  const inner = children.flatMap(shown)
  if (tag === 'hr') return [tree('hr', {})]
  if (tag === 'figure') return isMore && !text ? [] : [figure(block)]
  if (tag === 'table') return isMore && !rows.length ? [] : [table(block)]
  if (tag === 'li') return isMore && !inner.length ? [] : [item(block, inner)]
  if (/l$/.test(tag)) return inner.length ? [tree(tag, { ...AUTO, start: startOf(block, inner) }, ...inner)] : []
  if (tag === 'blockquote') return isMore && !inner.length ? [] : [tree(tag, AUTO, ...inner)]
  return text || tag !== 'p' ? [tree(tag, AUTO, ...inline(text))] : []
}

/** Of the first item that is shown. @param {Any} list @param {Tree[]} inner */
const startOf = ({ tag, children }, inner) => tag === 'ol' && children.at(-inner.length).number

/** @param {Any} item @param {Tree[]} inner */
function item({ children, isMore }, inner) {
  const [, mark] = /^\[([ xX])\]\s/.exec((!isMore && children[0]?.text) || '') ?? []
  if (!mark || children[0].tag !== 'p') return tree('li', { className: isMore && 'more' }, ...inner)
  const text = inline(children[0].text.slice(4))
  const box = { type: 'checkbox', disabled: true, checked: mark !== ' ', 'aria-label': 'Done' }
  return tree('li', { className: 'task' }, tree('p', AUTO, tree('input', box), ...text), ...inner.slice(1))
}

/** @param {Any} block */
function figure({ info, text }) {
  const code = tree('code', {}, plain(text))
  const scrolls = { dir: 'ltr', tabIndex: 0, role: 'region', 'aria-label': `Code ${info}`.trim() }
  return tree('figure', AUTO, tree('figcaption', {}, plain(info)), tree('pre', scrolls, code))
}

/** @param {Any} block */
function table({ head, aligns, rows }) {
  /** @param {string} tag @param {string[]} cells */
  const row = (tag, cells) => tree('tr', {}, ...cells.map((cell, place) => tree(tag, propsOf(place), ...inline(cell))))
  /** @param {number} place */
  const propsOf = (place) => ({ ...AUTO, data: { align: aligns[place] || 'start' } })
  const body = rows.map((/** @type {string[]} */ cells) => row('td', cells))
  const scrolls = { ...AUTO, tabIndex: 0, role: 'region', 'aria-label': 'Table' }
  return tree('div', scrolls, tree('table', {}, tree('thead', {}, row('th', head)), tree('tbody', {}, ...body)))
}

// ---- pages

/** @param {Any} start @returns {Any} */
function begin({ at, after }) {
  /** @type {Any} */
  const page = { at, top: { children: [] }, open: [], leaf: null }
  if (!after) return page
  for (const container of after.open) {
    const again = { ...container, at, children: [], isMore: true }
    if (container.list) {
      again.list = add(page, { tag: container.list.tag })
      again.list.children.push(again)
      page.open.push(again)
    } else page.open.push(add(page, again))
  }
  if (after.leaf) page.leaf = add(page, { ...after.leaf, at, last: at, text: '', rows: [], isMore: true })
  return page
}

/** The line at a place, or as much of it as a page holds. @param {string} text @param {number} at */
function lineAt(text, at) {
  const end = text.indexOf('\n', at)
  const stop = end < 0 ? text.length : end
  const part = text.slice(at, Math.min(stop, at + PAGE))
  if (at + part.length === stop) return { line: part, next: stop + 1, ending: end < 0 ? '' : '\n', isCut: false }
  const space = part.lastIndexOf(' ') + 1
  const length = space > PAGE / 2 ? space : PAGE - Number(/[\ud800-\udbff]$/.test(part))
  return { line: part.slice(0, length), next: at + length, ending: '', isCut: true }
}

/** @param {Any} page @param {Any} line @param {boolean} isMidLine */
function take(page, { line, ending }, isMidLine) {
  const { leaf } = page
  if (!isMidLine) read(page, line, ending)
  else if (leaf?.tag === 'figure') leaf.text += line + ending
  else if (leaf?.tag === 'p') leaf.text = line.trim()
  else page.leaf = add(page, { tag: 'p', text: line.trim(), last: page.at })
}

/** @param {Any} block */
const treesOf = (block) =>
  shown(block).map((part) => {
    const isPiece = part.tag === 'figure' && block.isMore
    if (isPiece) return part.children[1].children[0]
    return { ...part, props: { ...part.props, className: `block ${block.isMore ? 'more' : part.tag}` } }
  })

/** @param {string} text @param {Any} from where a page starts */
function pages(text, from) {
  /** @type {Tree[]} */
  const done = []
  let start = from
  let page = begin(start)
  let isMidLine = start.isMidLine
  for (let at = start.at; at < text.length; ) {
    page.at = at
    const line = lineAt(text, at)
    take(page, line, isMidLine)
    isMidLine = line.isCut
    at = line.next
    if (at > text.length) break
    const { children } = page.top
    const isFull = line.isCut || at - start.at >= PAGE * (page.leaf?.tag === 'table' ? 4 : 1)
    if (children.length < 2 && !isFull) continue
    const last = children.length < 2 ? null : children.at(-1)
    done.push(...(last ? children.slice(0, -1) : children).flatMap(treesOf))
    at = last?.at ?? at
    isMidLine = !last && line.isCut
    start = last ? { at } : { at, after: page, isMidLine }
    page = begin(start)
  }
  return { done, start, open: page.top.children.flatMap(treesOf) }
}

// ---- the page's elements

/** @param {Tree} tree @returns {any} */
function build(tree) {
  const { tag, props, children, text } = tree
  tree.node = tag ? h(/** @type {any} */ (tag), props, ...children.map(build)) : document.createTextNode(text)
  return tree.node
}

/** @param {Tree} old @param {Tree} tree */
function update(old, tree) {
  const { node } = old
  const isSame = old.tag === tree.tag && JSON.stringify(old.props) === JSON.stringify(tree.props)
  if (!isSame) return node.replaceWith(build(tree))
  tree.node = node
  if (tree.text.startsWith(old.text)) tree.text === old.text || node.appendData(tree.text.slice(old.text.length))
  else node.data = tree.text
  updateAll(old.children, tree.children, (child) => node.append(build(child)))
}

/** @param {Tree[]} old @param {Tree[]} trees @param {(tree: Tree) => void} append */
function updateAll(old, trees, append) {
  old.slice(trees.length).forEach(({ node }) => node.remove())
  trees.forEach((tree, place) => (old[place] ? update(old[place], tree) : append(tree)))
}

export function markdownView() {
  const element = h('div', { className: 'markdown' })
  let text = ''
  /** @type {Any} */
  let start = { at: 0 }
  /** @type {Tree[]} */
  let open = []

  /** @param {Tree} tree */
  function append(tree) {
    const host = tree.tag === 'code' ? element.lastElementChild?.querySelector('pre') : element
    host?.append(build(tree))
  }

  /** @param {string} next */
  function render(next) {
    if (!next.startsWith(text)) {
      element.replaceChildren()
      start = { at: 0 }
      open = []
    }
    text = next
    const found = pages(text, start)
    const trees = [...found.done, ...found.open]
    const changed = open.findIndex(({ tag }, place) => tag !== trees[place]?.tag)
    if (changed >= 0) open.splice(changed).forEach(({ node }) => node.remove())
    updateAll(open, trees, append)
    start = found.start
    open = trees.slice(found.done.length)
  }

  return { element, render }
}
