import type { z } from 'zod'
import type { Json } from '../../kit/index.ts'
import { type Principal, principalOf } from '../access/principal.ts'
import type { Session } from './session.ts'

/** The caller of a command. */
export interface CommandContext {
  readonly user: string
  /** The client id, where the call came over a connection. */
  readonly client?: string
  readonly session?: Session
  /** The principal that is charged; the user if absent. */
  readonly principal?: Principal
  /** The key that this node owns, where the command was brought to its owner. */
  readonly owned?: OwnedKey
}

/** A key with the term under which this node owns it: what an owner of another term writes is fenced off. */
export interface OwnedKey {
  readonly key: string
  readonly slot: number
  readonly term: number
}

/** The context that a command gets while it runs. */
export interface RunningContext extends CommandContext {
  /**
   * Lets others have their turn. A command that reads many rows asks for it after each step of about a millisecond, and goes on when it
   * resolves. @throws CommandError where its connection is gone
   */
  pause(): Promise<void>
}

/** A command of a service: the schema its input meets once, and what it does. */
export interface CommandMethod {
  readonly schema: z.ZodType
  /** Callers without a user may call it too. */
  readonly anonymous: boolean
  /** As much as so many commands that do next to nothing; 1 where absent. */
  readonly weight?: number
  /** The key whose owner runs it; whichever node has the client runs it where absent. */
  keyOf?(input: unknown): string
  run(input: unknown, context: RunningContext): Json | undefined | Promise<Json | undefined>
}

/** Strangers below another node are known by their connections alone. */
export function payerOf({ principal, session, user, client = '' }: CommandContext): Principal {
  return principal ?? session?.principal ?? principalOf(user, user === '' ? client : '')
}
