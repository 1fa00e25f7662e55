// @ts-check
/**
 * The time as the server has it, and how times are said.
 *
 * Owns the one ticking of the page. Must not know what is counted down.
 */

const SECOND_MS = 1000
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]

/** @typedef {ReturnType<typeof createClock>} Clock */

/** Ticks every second. */
export function createClock() {
  let aheadMs = -Infinity
  /** @type {Set<() => void>} */
  const listeners = new Set()
  setInterval(() => listeners.forEach((listener) => listener()), SECOND_MS)

  const clock = {
    /** Milliseconds since 1970. */
    now: () => Date.now() + (Number.isFinite(aheadMs) ? aheadMs : 0),

    /** What has just happened tells the server's time: the least delayed is nearest. @param {any} event */
    hear(event) {
      if (!event.replay && event.at) aheadMs = Math.max(aheadMs, Date.parse(event.at) - Date.now())
    },

    /** @param {string | number | null} moment RFC 3339, or milliseconds @returns {number | null} seconds */
    until(moment) {
      if (moment === null) return null
      return (typeof moment === 'number' ? moment - Date.now() : Date.parse(moment) - clock.now()) / SECOND_MS
    },

    /** @param {() => void} listener */
    onTick(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  return clock
}

/** @param {number} seconds */
export function duration(seconds) {
  const left = Math.max(0, Math.ceil(seconds))
  const [days, hours] = [Math.floor(left / DAY), Math.floor((left % DAY) / HOUR)]
  if (days) return `${days} d ${hours} h`
  const [minutes, rest] = [Math.floor((left % HOUR) / MINUTE), two(left % MINUTE)]
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, '0')

/** @param {number} seconds since then */
export function ago(seconds) {
  if (seconds < MINUTE) return 'now'
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`
  return seconds < DAY ? `${Math.floor(seconds / HOUR)} h` : `${Math.floor(seconds / DAY)} d`
}

/** @param {string} moment RFC 3339 @returns {string} by the clock on the wall */
export const timeOf = (moment) => new Date(moment).toLocaleTimeString([], { hour12: false })
