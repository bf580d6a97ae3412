import { z } from 'zod'
import type { Control } from '../../hub/index.ts'
import { parsed } from './parsed.ts'
import type { LogEntry } from './shared-log.ts'

/** A record by which a node knows that it hears. */
export interface CanaryMessage {
  /** The node that sent it. */
  readonly canary: string
  readonly number: number
}

interface ControlMessage {
  readonly id: string
  readonly control: Control
}

/** A node of this cluster wrote the record, so its form is checked and not each of its fields. */
const shape = z.looseObject({ id: z.string(), control: z.looseObject({ kind: z.string() }) })
const message = z.union([
  z.object({ canary: z.string(), number: z.number() }),
  z.custom<ControlMessage>(value => shape.safeParse(value).success),
])

export function controlEntry(id: string, control: Control): LogEntry {
  return { key: '', value: JSON.stringify({ id, control }) }
}

export function canaryEntry(canary: CanaryMessage): LogEntry {
  return { key: '', value: JSON.stringify(canary) }
}

/** Undefined for what no node of this version writes. */
export function readControl(value: string): ControlMessage | CanaryMessage | undefined {
  return message.safeParse(parsed(value)).data
}
