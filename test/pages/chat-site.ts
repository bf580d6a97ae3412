import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { FanfareProcess, launchChromium, type TestInput, until } from '../kit/index.ts'
import { Tab } from './chat-tab.ts'

export const desktop = { width: 1280, height: 800 }
export const phone = { width: 390, height: 844 }

/** Tests write faster than people. */
const rates = { message_rate: { per_second: 1000, burst: 1000 }, command_rate: { burst: 1000 } }

/** A server with the chat, and browsers to use it with. */
export class ChatSite implements AsyncDisposable {
  constructor(
    readonly server: FanfareProcess,
    readonly browser: Browser,
  ) {}

  static async start(chat: TestInput['chat'] = {}): Promise<ChatSite> {
    const server = await FanfareProcess.start({ chat: { ...rates, ...chat } }, 'start', 'development')
    try {
      return new ChatSite(server, await launchChromium())
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  get url(): string {
    return this.server.url
  }

  /** A browser of its own: what one keeps the other does not see. */
  browserOf(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    return this.browser.newContext({ viewport: desktop, locale: 'en-GB', ...options })
  }

  async open(context: BrowserContext, as: string, device = 'laptop', path = '/chat'): Promise<Tab> {
    const tab = new Tab(await context.newPage(), as)
    await tab.page.goto(`${this.url}${path}${path.includes('?') ? '&' : '?'}as=${as}&device=${device}`)
    await tab.live()
    return tab
  }

  /** Two users in browsers of their own, who have their conversation open. */
  async pair(first: string, second: string): Promise<readonly [Tab, Tab]> {
    const [one, other] = await Promise.all([this.open(await this.browserOf(), first), this.open(await this.browserOf(), second)])
    const { user } = await other.account()
    await one.page.goto(`${this.url}/chat?as=${first}&device=laptop&with=${encodeURIComponent(user)}`)
    await one.answer('Open')
    await one.composer.waitFor()
    await other.page.locator('.list-item').first().click()
    await other.composer.waitFor()
    return [one, other]
  }

  /** Until nothing of the conversation is unread: whoever comes back before begins where they had read to. */
  async isRead(tab: Tab, conversation: string): Promise<void> {
    const account = await tab.account()
    const unread = async () => (await this.call<{ unread: number }>(account, 'chat.read', { conversation, seq: 1 })).unread
    await until(`${account.user} has read everything`, async () => (await unread()) === 0)
  }

  /** A command over HTTP. */
  async call<T>({ token }: { readonly token: string }, method: string, data: object): Promise<T> {
    const response = await fetch(`${this.url}/rpc/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(data),
    })
    if (!response.ok) throw new Error(`${method}: ${await response.text()}`)
    const answer = await response.json()
    return answer.data ?? answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
    await this.server[Symbol.asyncDispose]()
  }
}
