import type { Desk } from './desk.ts'

/** Copies a text and says so; browsers may refuse it. */
export async function copyText({ store }: Desk, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    store.notify('Copied')
  } catch {
    store.notify('The browser does not allow copying here.', 'bad')
  }
}
