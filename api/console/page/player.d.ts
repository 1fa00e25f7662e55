/** What `player.js` offers: a session's sentences, out loud. */

import type { Announcement, PlaybackReport, Session, State } from '../perdure-client.d.ts'

/** Makes no sound yet. `audioContext` is asked for with the first sound, unless it is given; one that is given is not
 * closed. */
export function createPlayer(options: { session: Session; audioContext?: AudioContext }): Player

/** Its methods may be taken off it. */
export interface Player {
  /** Frozen. */
  readonly state: PlayerState
  subscribe(listener: (state: PlayerState) => void): () => void
  /** Call it from a click: browsers allow no sound before one. Whoever comes hears what is announced from now on and,
   * while the session speaks, the last half minute of its turn; after a pause, what was left, unless that is more than
   * forty sentences. */
  turnOn(options?: { fromTheBeginning?: boolean }): void
  /** A pause: the session knows that its listener does not go on, and waits if it waits for listeners. */
  turnOff(): void
  /** Silence, at once, and the session learns how much was heard. Does nothing where nothing is to be heard. */
  interrupt(): void
  /** It was only noise: until `goesOnUntil`, the sound goes on where it was, whoever interrupted. */
  takeBack(): Promise<void>
  /** How loud it is: 0 to 1. */
  level(): number
  /** Call it whenever the session's state changes. */
  render(state: State): void
  /** Tells the session nothing: it goes on as if everything were heard. */
  close(): void
}

export interface PlayerState {
  readonly isOn: boolean
  readonly isPlaying: boolean
  /** The browser allows no sound: turn on once more, from a click. */
  readonly isBlocked: boolean
  /** The sentence that is being heard. */
  readonly index: number | null
  /** Of it, when this state was made. */
  readonly playedMs: number
  /** How many sentences are still to be heard. */
  readonly ahead: number
  /** Until when an interruption can be taken back, in milliseconds since 1970. */
  readonly goesOnUntil: number | null
  /** Sentences whose audio could not be had. */
  readonly unheard: readonly number[]
}

// ---- inside

export type { Announcement }

/** What plays, or will without a gap: times are of the audio's clock, `ms` is where in the sentence it begins. */
export interface Sound {
  one: Announcement
  source: AudioBufferSourceNode
  startsAt: number
  endsAt: number
  ms: number
}

/** An interruption of which it is not known what comes of it. */
export interface Cut {
  /** null: it is too late to take it back. */
  until: number | null
  /** Whether the session has told of it. */
  isKnown: boolean
  /** Whether the session has taken it. */
  asked: Promise<boolean>
}

export type Report = (sentence: Announcement, playedMs: number, state: PlaybackReport['state']) => void
