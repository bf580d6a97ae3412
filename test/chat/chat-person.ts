import {
  type ChatCache,
  type ChatChange,
  ChatClient,
  type ConversationView,
  MemoryCache,
  type MessageView,
} from '../../src/services/chat/client/index.ts'
import { atEnd, until, userToken } from '../kit/api.ts'
import { WeakLine } from './weak-line.ts'

/** A user's device on the client layer, with a line that can be cut and a note of what changed. */
export class ChatPerson {
  readonly changes: ChatChange[] = []

  private constructor(
    readonly client: ChatClient,
    readonly line: WeakLine,
    readonly cache: ChatCache,
  ) {
    client.onChange(change => this.changes.push(change))
  }

  /** A device that is gone after the test; connected unless its line is down. */
  static async start(
    server: { readonly url: string },
    user: string,
    { device = 'phone', cache = new MemoryCache(), line = new WeakLine() }: { device?: string; cache?: ChatCache; line?: WeakLine } = {},
  ): Promise<ChatPerson> {
    const url = `${server.url.replace('http', 'ws')}/connection/websocket`
    const client = new ChatClient({ url, user, device, cache, token: await userToken(user), websocket: line.websocket })
    const person = new ChatPerson(client, line, cache)
    atEnd(() => client.close())
    await client.connect()
    if (!line.isDown) await person.sees('its list', () => client.link === 'live' && client.ready)
    return person
  }

  /** The page is closed and opened again: what is in the cache is all that is left. */
  async reload(server: { readonly url: string }): Promise<ChatPerson> {
    await this.client.close()
    return ChatPerson.start(server, this.client.user, { device: this.client.options.device, cache: this.cache, line: this.line })
  }

  sees(what: string, condition: () => unknown): Promise<unknown> {
    return until(`${this.client.user} sees ${what}: ${JSON.stringify(this.summary)}`, condition).catch(() => {
      throw new Error(`${this.client.user} does not see ${what}: ${JSON.stringify(this.summary)}`)
    })
  }

  /** A conversation that is in the list, in time. */
  async has(conversation: string): Promise<ConversationView> {
    await this.sees('the conversation', () => this.client.conversation(conversation) !== undefined)
    return this.view(conversation)
  }

  view(conversation: string): ConversationView {
    const view = this.client.conversation(conversation)
    if (view === undefined) throw new Error(`${this.client.user} has no ${conversation}`)
    return view
  }

  messages(conversation: string): MessageView[] {
    return this.client.messages(conversation).filter(item => item.kind === 'message')
  }

  texts(conversation: string): (string | undefined)[] {
    return this.messages(conversation).map(({ text }) => text)
  }

  states(conversation: string): string[] {
    return this.messages(conversation).map(({ state }) => state)
  }

  get summary() {
    const { client } = this
    return {
      link: client.link,
      list: client.conversations.map(({ id, unread }) => [id, unread, this.texts(id).slice(-3), this.states(id).slice(-3)]),
    }
  }
}
