import { CommandError } from '../../protocol/index.ts'
import type { Board } from './model/index.ts'

/** What a batch came to. */
export interface Receipt {
  /** Revisions that were read. */
  readonly accepted: number
  /** Events that viewers know differently now. */
  readonly changed: number
  /** Ids whose content differs from what the same revision said before. It was not taken: a correction needs a higher `rev`. */
  readonly conflicts: readonly string[]
  readonly board: Board
  /** Place in the game's channel up to which the batch has been told; 0 where it changed nothing urgent. */
  readonly offset: number
}

export function noSuchGame(id: string): CommandError {
  return new CommandError({ code: 404, message: `not_found: no game "${id.slice(0, 64)}"` })
}
