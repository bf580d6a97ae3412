import type { PageClient } from './chat-store.ts'

/** Where notifications stand: cannot be had here, were refused to this page, are off, or on. */
export type PushState = 'unsupported' | 'denied' | 'off' | 'on'

const workerPath = '/chat/push-worker.js'
/** Of guests it makes names of the ids. */
const workerFor = (guests: boolean) => (guests ? `${workerPath}?guests` : workerPath)

export async function pushState(): Promise<PushState> {
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return 'unsupported'
  if (Notification.permission === 'denied') return 'denied'
  const subscription = await (await registered())?.pushManager.getSubscription()
  return Notification.permission === 'granted' && subscription !== undefined && subscription !== null ? 'on' : 'off'
}

/** Asks for permission, subscribes at the browser's push service, and tells the server where that is. */
export async function turnPushOn(chat: PageClient, guests: boolean): Promise<PushState> {
  const key = await chat.pushKey()
  if ((await Notification.requestPermission()) !== 'granted') return pushState()
  await navigator.serviceWorker.register(workerFor(guests))
  const registration = await navigator.serviceWorker.getRegistration(workerPath)
  const subscription = await registration?.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  const { endpoint, keys } = subscription?.toJSON() ?? {}
  const { p256dh, auth } = keys ?? {}
  if (endpoint === undefined || p256dh === undefined || auth === undefined) return 'unsupported'
  await chat.enablePush({ endpoint, keys: { p256dh, auth } })
  return 'on'
}

export async function turnPushOff(chat: PageClient): Promise<PushState> {
  await chat.enablePush(null)
  const subscription = await (await registered())?.pushManager.getSubscription()
  await subscription?.unsubscribe()
  return 'off'
}

/** Shows a notification of this page's own, while it is hidden; the same `tag` as a push has, so that there is one. */
export async function showNotification(
  title: string,
  body: string,
  data: { readonly conversation: string; readonly seq: number },
): Promise<void> {
  const registration = await registered()
  if (registration === undefined || Notification.permission !== 'granted') return
  // One that the worker has shown for a push of the same message, or of a newer one, stands for it.
  const shown = await registration.getNotifications({ tag: data.conversation })
  if (shown.some(notification => notification.data?.seq >= data.seq)) return
  await registration.showNotification(title, { body, tag: data.conversation, data, ...{ renotify: true } })
}

/** The conversations of which something stands on the screen. */
export async function shownNotifications(): Promise<string[]> {
  const shown = (await (await registered())?.getNotifications()) ?? []
  return shown.map(({ tag }) => tag)
}

/** What one of the notifications told has been seen. */
export async function dismissNotifications(conversation: string): Promise<void> {
  const shown = (await (await registered())?.getNotifications({ tag: conversation })) ?? []
  for (const notification of shown) notification.close()
}

/** What the worker asks of the page when a notification is clicked. */
export function followClicks(open: (conversation: string) => void): void {
  if (!('serviceWorker' in navigator)) return
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (typeof data !== 'object' || data === null || !('open' in data) || typeof data.open !== 'string') return
    open(data.open)
  })
  navigator.serviceWorker.startMessages()
}

async function registered(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator)) return undefined
  return navigator.serviceWorker.getRegistration(workerPath)
}
