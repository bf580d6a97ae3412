import { expect } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import { eventually, until } from '../kit/index.ts'

/** One tab: a device of a user, and what the page complained about. */
export class Tab {
  readonly complaints: string[] = []

  constructor(
    readonly page: Page,
    readonly as: string,
  ) {
    page.on('pageerror', error => this.complaints.push(error.message))
    page.on('console', message => {
      if (message.text().includes('Content Security Policy')) this.complaints.push(message.text())
    })
  }

  get messages(): Locator {
    return this.page.locator('.message[data-key]')
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Message', exact: true })
  }

  /** The message with these words. */
  message(text: string): Locator {
    return this.messages.filter({ hasText: text })
  }

  listed(title: string): Locator {
    return this.page.locator('.list-item').filter({ hasText: title })
  }

  async live(): Promise<void> {
    await this.page.locator('.badge[data-link="live"]').waitFor({ state: 'attached' })
  }

  /** Answers the question that a link makes the page ask. */
  async answer(action: string): Promise<void> {
    await this.page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click()
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text)
    await this.composer.press('Enter')
  }

  /** Takes the last message into the field, until that has come to rest: what is filled in before is mixed with it. */
  async takesUp(text: string): Promise<void> {
    await this.composer.press('ArrowUp')
    await eventually(() => this.composer.inputValue(), text)
    await this.page.evaluate(() => new Promise(resolve => setTimeout(resolve)))
  }

  async act(text: string, action: string): Promise<void> {
    await this.message(text).locator('.bubble').click({ button: 'right' })
    await this.page.getByRole('menuitem', { name: action, exact: true }).click()
  }

  state(text: string): Promise<string | null> {
    return this.message(text).getAttribute('data-state')
  }

  /** Until what was written is kept on the device: it is shown at once, and lies there some milliseconds later, on a busy machine more. */
  async keeps(text: string): Promise<void> {
    await until('it is kept on the device', () => this.page.evaluate(isInOutbox, text))
  }

  texts(): Promise<string[]> {
    return this.messages.locator('.text').allInnerTexts()
  }

  account(): Promise<{ user: string; token: string }> {
    return this.page.evaluate(as => JSON.parse(localStorage.getItem(`fanfare.chat.account.${as}`) ?? '{}'), this.as)
  }

  /** The conversation that the address names. */
  get conversation(): string {
    return decodeURIComponent(new URL(this.page.url()).pathname.split('/')[2] ?? '')
  }
}

/** Closes the browsers of some tabs, none of which may have complained of anything. */
export async function closeTabs(...tabs: readonly Tab[]): Promise<void> {
  expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([])
  await Promise.all([...new Set(tabs.map(({ page }) => page.context()))].map(context => context.close()))
}

/** Runs in the page. */
async function isInOutbox(text: string): Promise<boolean> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name))
    const entries = database.objectStoreNames.contains('outbox')
      ? await done(database.transaction('outbox').objectStore('outbox').getAll())
      : []
    database.close()
    if (JSON.stringify(entries).includes(text)) return true
  }
  return false
}
