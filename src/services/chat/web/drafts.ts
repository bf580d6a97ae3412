import { type Signal, signal } from '@preact/signals'
import * as z from 'zod/mini'
import type { Shelf } from './account.ts'

const schema = z.record(z.string(), z.string())
/** Drafts beyond this are forgotten, oldest first; a draft is rarely worth more than the last few conversations. */
const draftsMax = 50

/** What was begun and not sent, by conversation. Kept by the browser. */
export class Drafts {
  readonly all: Signal<Readonly<Record<string, string>>>

  constructor(
    readonly shelf: Shelf,
    readonly key: string,
  ) {
    this.all = signal(stored(shelf.getItem(key)))
  }

  of(conversation: string): string {
    return this.all.value[conversation] ?? ''
  }

  keep(conversation: string, text: string): void {
    const { [conversation]: _, ...rest } = this.all.peek()
    const entries = Object.entries(text.trim() === '' ? rest : { ...rest, [conversation]: text })
    this.all.value = Object.fromEntries(entries.slice(-draftsMax))
    this.shelf.setItem(this.key, JSON.stringify(this.all.value))
  }

  clear(): void {
    this.all.value = {}
    this.shelf.removeItem(this.key)
  }
}

function stored(text: string | null): Record<string, string> {
  try {
    const drafts = schema.safeParse(JSON.parse(text ?? '{}'))
    return drafts.success ? drafts.data : {}
  } catch {
    return {}
  }
}
