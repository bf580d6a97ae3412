import { type Signal, signal } from '@preact/signals'
import type { OwnSettings } from '../client/index.ts'
import type { ChatStore } from './chat-store.ts'

/** What concerns oneself on all devices; undefined until it is known. */
export class OwnSettingsStore {
  readonly value: Signal<OwnSettings | undefined> = signal(undefined)

  constructor(readonly store: ChatStore) {}

  async load(): Promise<void> {
    this.value.value = await this.store.chat.settings({}).catch(() => this.value.value)
  }

  async set(change: Partial<OwnSettings>): Promise<void> {
    this.value.value = (await this.store.attempt(() => this.store.chat.settings(change))) ?? this.value.value
  }
}
