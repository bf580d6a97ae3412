import { effect } from '@preact/signals'
import type { ConversationView, MessageView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { messageLine } from './preview.ts'
import { dismissNotifications, showNotification, shownNotifications } from './push.ts'

/** A message of another came: it is read aloud, and shown by the system where the page is hidden. */
export function tellArrived(desk: Desk, message: MessageView): void {
  const { store } = desk
  const conversation = store.chat.conversation(message.conversation)
  const name = store.people.name(message.author)
  const isOpen = desk.place.conversation.peek() === message.conversation
  const isHeard = conversation !== undefined && isLoud(desk, conversation, message)
  const { text } = messageLine(message)
  if (isOpen || isHeard) store.spoken.value = isOpen ? `${name}: ${text}` : `New message from ${name}`
  if (document.visibilityState === 'visible' || !isHeard || message.seq === undefined) return
  const { title, body } = wordsOf(desk, conversation, message)
  void showNotification(title, body, { conversation: message.conversation, seq: message.seq })
}

/** Whether one wants to hear of it: not of what waits for a yes, nor of what is muted, unless one is mentioned and wants that. */
function isLoud({ store, settings }: Desk, { muted, held }: ConversationView, { mentions = [] }: MessageView): boolean {
  if (held) return false
  return !muted || (settings.value.peek()?.mentions !== false && mentions.some(({ user }) => user === store.chat.user))
}

/** As the worker says it of a push: see `push-worker.js`. */
function wordsOf({ store, settings }: Desk, conversation: ConversationView, message: MessageView): { title: string; body: string } {
  const previews = settings.value.peek()?.previews ?? 'name'
  if (previews === 'none') return { title: 'New message', body: 'Open the chat to read it.' }
  const name = store.people.name(message.author)
  const isGroup = conversation.kind === 'group'
  const count = conversation.unread > 1 ? ` (${conversation.unread})` : ''
  const title = `${isGroup ? conversation.title : name}${count}`
  const isNamed = message.mentions?.some(({ user }) => user === store.chat.user) === true
  const isShown = previews === 'text' && !(conversation.request && !isGroup)
  const said = isShown ? messageLine(message).text : conversation.request && !isGroup ? 'wants to write to you' : 'New message'
  if (!isGroup) return { title, body: said }
  return { title, body: isNamed ? `${name} mentioned you: ${said}` : `${name}: ${said}` }
}

/** Takes away what stands on the screen of conversations that were read, here or elsewhere. @returns what ends that */
export function dismissRead({ store }: Desk): () => void {
  let before = -1
  return effect(() => {
    const all = store.conversations.value
    const unread = all.reduce((sum, conversation) => sum + conversation.unread, 0)
    const isLess = unread < before || before < 0
    before = unread
    if (isLess && store.ready.value) void takeAway(all)
  })
}

async function takeAway(all: readonly ConversationView[]): Promise<void> {
  for (const id of await shownNotifications()) if (all.some(one => one.id === id && one.unread === 0)) await dismissNotifications(id)
}
