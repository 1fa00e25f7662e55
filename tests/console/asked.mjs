// What a test asks on standard input, and how it is answered.

/** @returns {Promise<any>} */
export async function asked() {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
  return JSON.parse(text)
}

/** @param {unknown} found */
export function answer(found) {
  process.stdout.write(JSON.stringify(found))
}
