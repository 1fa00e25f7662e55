/**
 * What `perdure-client.js` offers: sessions with language models that last.
 *
 * Objects of the API stand as the API spells them (`SessionSnapshot`, `TranscriptMessage`, request bodies); what the
 * library derives is spelled as JavaScript does. Lengths count Unicode code points. Times are RFC 3339 in what comes
 * from the API, and milliseconds since 1970 in `nextAttemptAt`.
 */

export function createClient(options?: ClientOptions): Client

/** The state after `event`, in time that does not grow with the texts. Pure. What is unknown or lacks something
 * changes nothing but the cursor. `event` is one of the API's, with the `cursor` of its frame if it has one. */
export function reduce(state: State, event: Record<string, any>): State

export const initialState: State

/** Why a call failed, as the API says it (RFC 9457). */
export class ProblemError extends Error {
  constructor(problem: Problem)
  /** The HTTP status; 0: nobody answered, or the session said so in an event. */
  status: number
  /** A stable word, such as `session_closed`; `unreachable`: nobody answered. */
  code: string
  detail: string
  errors: readonly FieldProblem[]
  /** Seconds to wait before the next try; null: not said. */
  retryAfter: number | null
}

/** Server-sent events out of bytes, however these are cut. */
export class FrameParser {
  /** The events that `chunk` completes. */
  feed(chunk: Uint8Array): Frame[]
}

export interface Frame {
  id: string
  kind: string
  data: string
}

export interface FieldProblem {
  field: string
  message: string
}

export interface Problem {
  status?: number
  code?: string
  detail?: string
  errors?: readonly FieldProblem[]
  retryAfter?: number | null
}

export interface ClientOptions {
  /** Of the API, without `/v1`; default: where the page comes from. */
  baseUrl?: string
  /** An API key, or null where none is needed. Not for browsers, unless the person may do everything. */
  credential?: string | null
  /** A stream that is silent for so long is broken; default 45 s, three heartbeats. */
  silenceMs?: number
  /** Waits between tries are random, below this at first and twice as much each time; default 0.5 s. */
  firstWaitMs?: number
  /** Default 30 s. */
  longestWaitMs?: number
}

/** Every call may be made again by the library while nobody answers, and rejects with ProblemError. */
export interface Client {
  /** Once, however often the network fails. Its calls go under the session's own token. */
  startSession(body?: NewSession): Promise<Session>
  /** By id or key. Asks nothing yet. Without `token`, its calls go under the client's credential. */
  openSession(id: string, token?: string): Session
  listSessions(query?: SessionQuery): Promise<Page<SessionSnapshot>>
  /** A token of this session; asked for with an API key. */
  sessionToken(id: string): Promise<string>
  /** What happens in all sessions of the tenant, from now on; needs an API key. Nothing is replayed: list the sessions
   * whenever it becomes `live`. */
  feed(listener: FeedListener): Feed
}

export interface FeedListener {
  /** As `State.connection`, `problem` and `nextAttemptAt`. */
  connection(is: State['connection'], problem: ProblemError | null, nextAttemptAt: number | null): void
  /** `session.started`, `session.updated`, `session.status_changed`, `session.ended` or `session.open`. */
  event(event: Record<string, any>): void
}

export interface Feed {
  /** Or, while it waits, try now. */
  start(): void
  stop(): void
}

export type Listener = (state: State) => void

/** One session. Its methods may be taken off it. */
export interface Session {
  readonly id: string
  /** Under which its calls go; keep it in memory or in sessionStorage, nowhere else. */
  readonly token: string | null
  /** Frozen, and the same object until something changes. */
  readonly state: State
  /** Calls `listener` after changes: at most once a frame, outside of pages once for all that came together. */
  subscribe(listener: Listener): () => void
  /** Calls `listener` with the events as they come, each with its `cursor`, once the state has taken them in. */
  onEvents(listener: (events: Record<string, any>[]) => void): () => void

  /** Follow the events until the session ends, over as many connections as it takes; while it waits, try now. */
  connect(): void
  disconnect(): void
  /** Read the snapshot into `state.session`: usage, clocks and counts, of which events do not tell every change. Who is
   * connected need not: it is read by itself soon after each event that changes them. */
  refresh(): Promise<SessionSnapshot>
  transcript(query?: TranscriptQuery): Promise<Page<TranscriptMessage>>

  /** Send a message; it is in `state.outbox` at once. It is sent again, with the same id, until an answer comes; one
   * after the other. Resolves once the engine has taken it; whoever watches the state need not wait. */
  send(content: string, options?: SendOptions): Promise<MessageTaken>
  /** Take back what has not been used. Of a message that was refused: forget it. */
  withdraw(messageId: string): Promise<void>

  /** Stop the running turn; what it said is kept. */
  stop(): Promise<Taken>
  pause(): Promise<Taken>
  resume(): Promise<Taken>
  close(options?: { purge?: boolean }): Promise<Taken>
  update(changes: SessionChanges): Promise<SessionSnapshot>

  /** A microphone was opened or closed. */
  listening(on: boolean): Promise<Taken>
  playback(report: PlaybackReport): Promise<Taken>
  bargeIn(report: InterruptionReport): Promise<Taken>
  /** Within 2 s: it was only noise. */
  takeBack(): Promise<Taken>
  /** Of an announcement's `audioId`. */
  audio(audioId: string): Promise<Blob>
}

/** Everything that is known of a session, deeply immutable. A message of ours is in one of three places: `outbox`
 * until its session tells of it, then `waiting`, then `messages`. */
export interface State {
  /** `live`: events come; `waiting`: until `nextAttemptAt`; `closed`: not wanted, refused (`problem`) or over. */
  readonly connection: 'connecting' | 'live' | 'waiting' | 'closed'
  readonly nextAttemptAt: number | null
  /** Why the last connection ended, unless that was to be expected. */
  readonly problem: ProblemError | null
  readonly session: SessionSnapshot | null
  /** What was said, in order. */
  readonly messages: readonly Message[]
  /** What was taken and has not reached the model, in order. */
  readonly waiting: readonly WaitingMessage[]
  /** What this client sends, and what of it was refused. */
  readonly outbox: readonly OutgoingMessage[]
  /** The running turn. */
  readonly turn: Turn | null
  /** Of a guided session: the phase that was begun last. */
  readonly progress: Progress | null
  readonly voice: Voice
  /** How many sentences the session has told. */
  readonly sentences: number
  /** Those that were heard of, in order. */
  readonly told: readonly Sentence[]
  /** What was announced since the session's start or the last reset, in the order of its sentences. */
  readonly speech: readonly Announcement[]
  /** Why the session is over; null: it is not. */
  readonly endReason: string | null
  /** Behind the last event. */
  readonly cursor: string | null
  /** Whether something is missing in a message: the stream begins anew. */
  readonly isTorn: boolean
}

export interface Message {
  readonly messageId: string
  readonly role: 'user' | 'assistant'
  readonly text: string
  /** Its length in code points. */
  readonly end: number
  readonly status: 'streaming' | 'complete' | 'stopped' | 'failed'
  readonly turn: number | null
  readonly agent: string | null
}

export interface WaitingMessage {
  readonly messageId: string
  readonly text: string
  readonly delivery: Delivery
  readonly agent: string | null
  /** Whether this client has sent it. */
  readonly isOwn: boolean
}

export interface OutgoingMessage {
  readonly messageId: string
  readonly text: string
  readonly delivery: Delivery
  /** null: the profile's first. */
  readonly agent: string | null
  /** `confirmed`: taken, and the session will tell; `rejected`: see `problem`, and `withdraw` to forget it. */
  readonly status: 'pending' | 'confirmed' | 'rejected'
  readonly problem: ProblemError | null
}

export interface Turn {
  readonly number: number
  readonly agent: string | null
  readonly attempt: number
  /** While the provider fails: what it waits for. */
  readonly retry: Retry | null
}

/** The next try comes at `at`; `saidAt` is the same clock's time when that was said. */
export interface Retry {
  readonly saidAt: string
  readonly at: string
  readonly reason: string
}

/** A phase: `index` counts from 1, `budget` (null: not known) and `sentences` are counts of sentences. */
export interface Progress {
  readonly phase: string
  readonly index: number
  readonly of: number
  readonly budget: number | null
  readonly sentences: number
  readonly windingDown: boolean
}

export type VoiceState = 'idle' | 'listening' | 'waiting_for_input' | 'speaking' | 'barged_in' | 'terminated'

export interface Voice {
  /** null: the session has no voice. */
  readonly state: VoiceState | null
  /** The last one, until it is taken back or the next turn starts. */
  readonly interruption: Interruption | null
}

export interface Interruption {
  readonly turn: number
  readonly heardMs: number
  readonly heardText: string
}

/** `index` counts from 0 through the session. */
export interface Sentence {
  readonly index: number
  readonly turn: number
  readonly text: string
  readonly phase: string | null
}

/** Audio of a sentence, or why there is none. */
export interface Announcement {
  readonly index: number
  /** null, like `text`: the sentence was not heard of. */
  readonly turn: number | null
  readonly text: string | null
  readonly audioId: string | null
  readonly format: string | null
  readonly durationMs: number
  readonly skipped: string | null
}

// ---- as the API spells it ------------------------------------------------------------------------------

export type Delivery = 'steer' | 'queue' | 'interrupt'
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

export interface Settings {
  effort?: Effort
  [name: string]: unknown
}

export interface SendOptions {
  /** Default `steer`. */
  delivery?: Delivery
  /** Which conversation; default the profile's first. */
  agent?: string
  settings?: Settings
  /** The client's own, for a message that is sent once more. */
  messageId?: string
}

export interface NewSession extends SessionChanges {
  profile?: string
  user_id?: string
  message?: { content: string; message_id?: string; delivery?: Delivery; agent?: string; settings?: Settings }
}

export interface SessionChanges {
  title?: string
  metadata?: Record<string, unknown>
  limits?: Partial<Limits>
  settings?: Settings
}

/** Seconds, and a count; null: none. */
export interface Limits {
  idle_timeout: number | null
  max_duration: number | null
  max_messages: number | null
}

export interface SessionQuery {
  /** Statuses, with commas between them. */
  status?: string
  profile?: string
  user_id?: string
  /** How key, id or title begin. */
  q?: string
  limit?: number
  cursor?: string | null
}

export interface TranscriptQuery {
  agent?: string
  order?: 'asc' | 'desc'
  limit?: number
  cursor?: string | null
  /** The cursor of a write that is to be seen. */
  after?: string
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export interface Taken {
  cursor: string
}

export interface MessageTaken extends Taken {
  message_id: string
}

export interface PlaybackReport {
  turn: number
  sentence_index: number
  played_ms: number
  state: 'started' | 'finished' | 'paused'
}

/** Without `sentence_index`: where the player should be by now. */
export interface InterruptionReport {
  turn: number
  sentence_index?: number
  played_ms?: number
}

export interface TranscriptMessage {
  message_id: string
  role: 'user' | 'assistant'
  agent: string
  content: string
  status: 'complete' | 'stopped' | 'failed'
  turn: number
  created_at: string
}

/** The session object; of a session that was started here, at first with `temporal_ui`. */
export interface SessionSnapshot {
  readonly session_id: string
  readonly session_key: string
  readonly profile: string
  readonly title: string | null
  readonly user_id: string | null
  readonly status: 'active' | 'idle' | 'paused' | 'closed'
  readonly end_reason: string | null
  readonly phase: { readonly name: string; readonly index: number; readonly of: number } | null
  readonly voice_state: VoiceState | null
  readonly limits: Readonly<Limits>
  readonly message_count: number
  readonly queued: number
  readonly queue: readonly { message_id: string; delivery: Delivery; agent: string; text: string }[]
  readonly turn: { readonly number: number; readonly agent: string; readonly attempt: number; readonly started_at: string } | null
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number; readonly cached_tokens: number }
  readonly created_at: string
  readonly updated_at: string
  readonly last_activity_at: string
  readonly idle_at: string | null
  readonly ends_at: string | null
  readonly active_seconds: number
  readonly metadata: Readonly<Record<string, unknown>>
  readonly settings: Readonly<Record<string, unknown>>
  readonly workflow_id: string
  readonly cursor: string
  readonly temporal_ui?: string
}
