/**
 * What `use-session.js` offers: a session of Perdure as the state of React components (React 18 or later).
 *
 * One `SessionProvider` follows one session; components in it call `useSession`. What is shown is always the session's
 * own state: a message of one's own is there at once, as `pending`, and is replaced by what the session tells of it.
 */

import type { ReactElement, ReactNode } from 'react'
import type { Client, Delivery, Message, NewSession, ProblemError, Progress, Session, State } from './perdure-client.js'

/** Follows one session while it is mounted; on servers it does nothing. */
export function SessionProvider(props: SessionProviderProps): ReactElement

/**
 * The view of the session now: immutable, and what did not change in it is the same object as before. With `select`
 * the component renders only when what that returns is another, by `isEqual` (default `Object.is`).
 */
export function useSession<T = SessionView>(
  select?: (view: SessionView) => T,
  isEqual?: (before: T, now: T) => boolean,
): T

/** Of `id`, `token` and `remember` others are another session; the rest is read when that is opened or started. */
export interface SessionProviderProps {
  /** Made once, outside of components. */
  client: Client
  /** Which session to open, by id or key. */
  id?: string
  /** Of that session. Without it: the remembered one of this id, else the client's credential. */
  token?: string
  /** Without `id`: the session to start, once. */
  start?: NewSession
  /** A name in sessionStorage, under which id and token outlive a refresh. What is there comes before `start`; when
   * that session is gone, it is forgotten, and another is started. */
  remember?: string
  children?: ReactNode
}

/** The library's state, with `progress` as `phase`. Before there is a session, all is empty. */
export interface SessionView extends Omit<State, 'progress'>, Actions {
  /** null: there is no session yet, or starting it failed (`problem`; see `retry`). */
  readonly id: string | null
  /** Everything that was said, waits or is being sent, in order, each message once. */
  readonly thread: readonly Entry[]
  /** The same by agent. What goes to the first agent unsaid is with whom the thread began, at first `assistant`. */
  readonly conversations: Readonly<Record<string, readonly Entry[]>>
  /** The phase of a guided session that was begun last. */
  readonly phase: Progress | null
  readonly deadlines: Deadlines
  readonly isOver: boolean
}

/** A message, wherever it is; `messageId` stays the same, and so makes a good `key`. */
export interface Entry extends Pick<Message, 'messageId' | 'role' | 'text' | 'turn' | 'agent'> {
  /** `pending`, `confirmed`: sent and not told yet; `rejected`: see `problem`, and `withdraw`; `waiting`: for its turn,
   * and may be withdrawn; the others: said. */
  readonly status: 'pending' | 'confirmed' | 'rejected' | 'waiting' | Message['status']
  /** Unless it was said. */
  readonly delivery?: Delivery
  readonly problem?: ProblemError | null
}

/** Milliseconds since 1970 by the server's clock, `nextAttemptAt` by this machine's; null: that clock stands. */
export interface Deadlines {
  /** When the session ends unless somebody says something. */
  readonly idleAt: number | null
  /** When it ends anyway. */
  readonly endsAt: number | null
  /** When the model is tried again, while its provider fails. */
  readonly retryAt: number | null
  /** When the connection is tried again. */
  readonly nextAttemptAt: number | null
}

/** They belong to the session of their view. Before there is one they reject with `not_started`. */
export interface Actions
  extends Pick<Session, 'send' | 'withdraw' | 'stop' | 'pause' | 'resume' | 'close' | 'update' | 'refresh' | 'transcript'>,
    Pick<Session, 'listening' | 'playback' | 'bargeIn' | 'takeBack' | 'audio'> {
  /** Connect now, or start what could not be started. */
  retry(): void
  /** Forget what is remembered and begin as in a new tab, unless a session is being started. The one that was shown
   * is not closed. */
  startAnew(): void
}
