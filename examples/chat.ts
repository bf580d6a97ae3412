import { ChatClient, IndexedDbCache } from 'fanfare/chat'

const user = 'ada'
const chat = new ChatClient({
  url: 'ws://localhost:7400/connection/websocket',
  user,
  device: 'laptop',
  getToken: async () => (await (await fetch('/my/token')).json()).token,
  cache: new IndexedDbCache(`chat of ${user}`),
})
await chat.connect()
const { id } = await chat.direct('grace')
chat.onChange(() => console.log(chat.conversations.map(({ title, unread }) => `${title} ${unread}`)))
chat.send(id, { text: 'Hello' })
