import { ChatClient, type ChatClientOptions, IndexedDbCache, type ItemView } from '../../src/services/chat/client/index.ts'

const clients: ChatClient[] = []

/** What the test calls in the page: a client whose cache is the browser's own. */
const chat = {
  async start(options: ChatClientOptions): Promise<void> {
    const client = new ChatClient({ ...options, cache: new IndexedDbCache(`fanfare-chat ${options.user} ${options.device}`) })
    clients.push(client)
    await client.connect()
  },
  send: (conversation: string, text: string) => clients.at(-1)?.send(conversation, { text }),
  /** Of each message its state and text. */
  messages: (conversation: string): string[] => clients.at(-1)?.messages(conversation).map(described) ?? [],
  list: () => clients.at(-1)?.conversations.map(({ title, unread }) => `${title} ${unread}`) ?? [],
  link: () => clients.at(-1)?.link,
  cached: (name: string) => new IndexedDbCache(name).load(),
  outbox: (name: string) => new IndexedDbCache(name).outbox(),
}

export type PageChat = typeof chat

Reflect.set(globalThis, 'chat', chat)

function described(item: ItemView): string {
  return item.kind === 'message' ? `${item.state} ${item.text}` : item.change
}
