// Shows what is pushed while no page is there to show it. A notification's tag is its conversation: a newer one takes the older one's place.

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))

self.addEventListener('push', event => event.waitUntil(meet(read(event.data))))

self.addEventListener('notificationclick', event => {
  event.notification.close()
  event.waitUntil(open(event.notification.data?.conversation))
})

/** What came, whatever it is: a push must always end in something that can be shown. */
function read(data) {
  try {
    const told = data?.json()
    return typeof told === 'object' && told !== null ? told : {}
  } catch {
    return {}
  }
}

/** `message` shows the conversation, `dismiss` says that it was read elsewhere, `retract` that one of its messages is gone. */
async function meet({ kind, conversation, seq, latest, badge, ...said }) {
  if (Number.isInteger(badge)) await setBadge(badge)
  const tag = asText(conversation) ?? 'chat'
  const shown = await self.registration.getNotifications({ tag })
  const gone = shown.filter(({ data }) => kind === 'dismiss' || (kind === 'retract' && data?.seq === seq))
  for (const notification of gone) notification.close()
  const newest = kind === 'retract' ? latest : seq
  if (kind === 'dismiss' || !Number.isInteger(newest)) return
  if (shown.some(notification => !gone.includes(notification) && notification.data?.seq >= newest)) return
  const { title, body } = wordsOf(said)
  await self.registration.showNotification(title, {
    body,
    tag,
    renotify: true,
    data: { conversation: asText(conversation), seq: newest },
  })
}

/** Who wrote, where and what, as far as the server says it: what one hides is not said. `notifications.ts` says it in the same words. */
function wordsOf({ from, group, text, count, mention, request }) {
  const name = nameOf(asText(from))
  if (name === undefined) return { title: 'New message', body: 'Open the chat to read it.' }
  const more = Number.isInteger(count) && count > 1 ? ` (${count})` : ''
  const where = asText(group)
  const said = asText(text) ?? (request === true && where === undefined ? 'wants to write to you' : 'New message')
  if (where === undefined) return { title: `${name}${more}`, body: said }
  return { title: `${where}${more}`, body: mention === true ? `${name} mentioned you: ${said}` : `${name}: ${said}` }
}

/** Ids of guests are a name and an ending of four characters; the page says whether these are guests. */
function nameOf(user) {
  const guest = new URL(self.location.href).searchParams.has('guests') ? /^(.+)-[a-z0-9_]{4}$/.exec(user ?? '')?.[1] : undefined
  if (guest === undefined) return user
  return guest.replace(/(^|-)(\p{L})/gu, (_, dash, letter) => `${dash === '' ? '' : ' '}${letter.toUpperCase()}`)
}

async function setBadge(count) {
  if (count > 0) await self.navigator.setAppBadge?.(count)
  else await self.navigator.clearAppBadge?.()
}

/** Brings a page of the chat to the front and shows the conversation in it; opens one where there is none. */
async function open(conversation) {
  const path = typeof conversation === 'string' ? `/chat/${encodeURIComponent(conversation)}` : '/chat'
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const page = pages.find(({ url }) => new URL(url).pathname.startsWith('/chat'))
  if (page === undefined) return self.clients.openWindow(path)
  await page.focus()
  page.postMessage({ open: conversation })
}

function asText(value) {
  return typeof value === 'string' && value !== '' ? value : undefined
}
