/** Who may put a user into a group without asking; all others ask. `answered`: those whom they have answered in a conversation of two. */
export type MayAdd = 'everyone' | 'answered' | 'nobody'

/**
 * Who may write to a user without asking: of all others a conversation waits for a yes, notifies nobody, and nothing of it is told to them. `answered`:
 * those whom they have answered, and those with whom they share a group that they are in by own choice.
 */
export type MayWrite = 'everyone' | 'answered' | 'nobody'

/** What notifications show: author and text, the author alone, or only that there is a message. */
export type Previews = 'text' | 'name' | 'none'

/** A device of one's own. */
export interface OwnDevice {
  readonly device: string
  /** The one that asks. */
  readonly current?: true
  readonly online: boolean
  readonly created: number
  /** When it was last connected. */
  readonly seen: number
  /** Whether it takes notifications. */
  readonly pushes: boolean
}

/** A user's own settings, the same on all devices. */
export interface OwnSettings {
  readonly read_receipts: boolean
  readonly last_seen: boolean
  readonly may_add: MayAdd
  readonly may_write: MayWrite
  readonly previews: Previews
  /** Whether a mention notifies in a muted conversation. */
  readonly mentions: boolean
}

/** A change of a user's settings, of one conversation or of all. */
export interface SettingsChange {
  readonly conversation?: string | undefined
  /** True for ever. */
  readonly muted?: boolean | undefined
  /** Mutes for so long, from now on. */
  readonly mute_ms?: number | undefined
  readonly pinned?: boolean | undefined
  readonly archived?: boolean | undefined
  /** Marks it as unread; false reads it up to `seq`. */
  readonly unread?: boolean | undefined
  /** The newest that the user knew of: what came later brings an archived conversation back, and stays unread. */
  readonly seq?: number | undefined
  readonly read_receipts?: boolean | undefined
  readonly last_seen?: boolean | undefined
  readonly may_add?: MayAdd | undefined
  readonly may_write?: MayWrite | undefined
  readonly previews?: Previews | undefined
  readonly mentions?: boolean | undefined
}
