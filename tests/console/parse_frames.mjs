// What the browser's parser makes of each list of chunks.

import { FrameParser } from '../../api/console/perdure-client.js'
import { answer, asked } from './asked.mjs'

const parsed = (chunks) => {
  const parser = new FrameParser()
  return chunks.flatMap((chunk) => parser.feed(Buffer.from(chunk, 'base64')))
}

answer((await asked()).map(parsed))
