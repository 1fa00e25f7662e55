// @ts-check
/**
 * Markdown inside a block: marks, code and links.
 *
 * Owns what is understood within one text, and which links are safe. Must not touch the page: it makes trees.
 *
 * @typedef {Record<string, any>} Any
 * @typedef {{tag: string, props: Any, children: Tree[], text: string, node?: any}} Tree a text has no tag
 */

const DEEPEST = 12

/** @param {string} tag @param {Any} props @param {Tree[]} children @returns {Tree} */
export const tree = (tag, props, ...children) => ({ tag, props, children, text: '' })

/** @param {string} text @returns {Tree} */
export const plain = (text) => ({ tag: '', props: {}, children: [], text })

/** @param {string} flags @param {...RegExp} ways */
const anyOf = (flags, ...ways) => new RegExp(ways.map(({ source }) => source).join('|'), flags)

/** Stand for what keeps its characters, and for the end of a link with its target, while marks are looked for. */
const KEPT = '\ufff9'
const TARGET = '\ufffa'
const SIGNS = /([\ufff9\ufffa\n])/
/** No part looks further than a page, and none can match the same characters in two ways. */
const ATOM = anyOf(
  'gi',
  /\\([!-/:-@[-`{-~])|\\(?=\n)/,
  /(?<!`)(?<ticks>`+)(?!`)([^]*?[^`])\k<ticks>(?!`)/,
  /<((?:https?:\/\/|mailto:)[^\s<>]+)>/,
  /\]\(\s{0,9}(?:<([^<>\n]*)>|((?:[^\s()\\<]|\\.|\([^\s()]*\))*))(?:\s{1,9}(?:"([^"]*)"|'([^']*)'))?\s{0,9}\)/,
  /(?<![a-z0-9])(https?:\/\/[^\s<>[\]`"，。；：！？、）」]+)|[\ufff9\ufffa]/,
)
const SPAN = anyOf(
  'gu',
  /!?\[((?:[^[\]\ufffa]|\[[^[\]\ufffa]*[\]\ufffa])*)\ufffa/,
  /(?<!\*)(?<stars>\*\*\*?)(?=[^\s*])([^]+?)(?<=\S)\k<stars>(?!\*)/,
  /(?<!\*)(\*)(?=[^\s*])((?:\*\*|[^*])+?)(?<=\S)\*(?!\*)/,
  /(?<![\p{L}\p{N}_])(?<lines>_{1,3})(?=[^\s_])([^]+?)(?<=\S)\k<lines>(?![\p{L}\p{N}_])/u,
  /(?<!~)(~~)(?=[^\s~])([^]+?)(?<=\S)~~(?!~)/,
)

/** @param {string} written */
function addressOf(written) {
  try {
    const { protocol, href } = new URL(written)
    return /^(https?|mailto):$/.test(protocol) && href
  } catch {}
}

/** @param {string} written @param {Tree[]} [shown] @param {string} [title] */
const link = (written, shown = [plain(written)], title) =>
  tree('a', { href: addressOf(written), title, target: '_blank', rel: 'noopener noreferrer nofollow' }, ...shown)

/** @param {Tree[]} trees @returns {Tree[]} */
const withoutLinks = (trees) =>
  trees.flatMap((part) => (part.tag === 'a' ? part.children : { ...part, children: withoutLinks(part.children) }))

/** How much is not the sentence's. @param {string} address */
function withoutTail(address) {
  let end = address.length
  let spare = address.split(')').length - address.split('(').length
  while ("?!.,:;*_~'".includes(address[end - 1]) || (address[end - 1] === ')' && spare-- > 0)) end -= 1
  return address.slice(0, end)
}

/** @param {string} text */
export function inline(text) {
  /** @type {any[]} */
  const atoms = []
  const signed = text.replace(ATOM, (all, escaped, ticks, code, angled, target, bareTarget, title, title2, bare) => {
    const aimed = (target ?? bareTarget)?.replace(/\\([!-/:-@[-`{-~])/g, '$1')
    const written = angled ?? aimed ?? (bare && withoutTail(bare))
    const isTarget = all[0] === ']' && addressOf(written)
    if (all === '\\') return ''
    if (ticks) atoms.push(tree('code', {}, plain(withoutPadding(code.replaceAll('\n', ' ')))))
    else if (isTarget) atoms.push({ ...plain(all), written, title: title ?? title2 })
    else if (all[0] !== ']' && addressOf(written)) atoms.push(link(written))
    else atoms.push(plain(escaped ?? (bare ? written : all)))
    return isTarget ? TARGET : KEPT + (bare ?? '').slice(written?.length)
  })
  return spans(signed, atoms, DEEPEST)
}

/** @param {string} code */
const withoutPadding = (code) =>
  code[0] === ' ' && code.endsWith(' ') && code.trim() ? code.slice(1, -1) : code

/**
 * @param {string} signed @param {any[]} atoms those that are still to come, in order
 * @param {number} depth @returns {Tree[]}
 */
function spans(signed, atoms, depth) {
  const found = depth ? [...signed.matchAll(SPAN)] : []
  let place = 0
  const trees = found.flatMap((match) => {
    const [all, inLink, strong, inStrong, em, inEm, under, inUnder, strike, inStrike] = match
    const before = words(signed.slice(place, match.index), atoms)
    const inner = spans(inLink ?? inStrong ?? inEm ?? inUnder ?? inStrike, atoms, depth - 1)
    place = match.index + all.length
    return [...before, around(strong ?? em ?? under ?? strike, inner, atoms)]
  })
  return [...trees, ...words(signed.slice(place), atoms)]
}

/** @param {string | undefined} run @param {Tree[]} inner @param {any[]} atoms */
function around(run, inner, atoms) {
  if (run === '~~') return tree('del', {}, ...inner)
  if (run?.length === 3) return tree('em', {}, tree('strong', {}, ...inner))
  if (run) return tree(run.length === 2 ? 'strong' : 'em', {}, ...inner)
  const { written, title } = atoms.shift()
  return link(written, inner.length ? withoutLinks(inner) : undefined, title)
}

/** @param {string} signed @param {any[]} atoms @returns {Tree[]} */
const words = (signed, atoms) =>
  signed
    .split(SIGNS)
    .filter(Boolean)
    .map((part) => (part === '\n' ? tree('br', {}) : SIGNS.test(part) ? atoms.shift() : plain(part)))
