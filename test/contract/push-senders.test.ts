import { systemClock } from '../../src/kit/index.ts'
import { GatewaySender, type PushSubscription } from '../../src/services/chat/push/index.ts'
import { webPush } from '../chat/push-desk.ts'
import { PushService } from '../chat/push-service.ts'
import { pushSenderContract } from './push-sender.ts'

const gatewayDevice = (user: string, device: string): PushSubscription => ({
  user,
  device,
  endpoint: `fcm:token-of-${user}-${device}`,
  p256dh: '',
  auth: '',
})

pushSenderContract('Web Push', async () => {
  const service = new PushService()
  const sender = webPush(service)
  return {
    sender,
    subscribe: (user, device) => service.subscribe(user, device),
    foreign: gatewayDevice('ann', 'phone'),
    answer: respond => {
      service.answer = respond
    },
    received: () => service.received.length,
    stop: () => service[Symbol.asyncDispose](),
    close: async () => {
      sender.close()
      await service[Symbol.asyncDispose]()
    },
  }
})

pushSenderContract('a gateway to APNs and FCM', async () => {
  let respond: () => Response | Promise<Response> = () => new Response(null, { status: 200 })
  let received = 0
  const gateway = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      await request.text()
      received++
      return respond()
    },
  })
  const sender = new GatewaySender({ clock: systemClock, url: gateway.url.href, secret: 's'.repeat(32), timeoutMs: 2000 })
  return {
    sender,
    subscribe: gatewayDevice,
    foreign: { user: 'ann', device: 'phone', endpoint: 'https://push.test/send/1', p256dh: '', auth: '' },
    answer: next => {
      respond = next
    },
    received: () => received,
    stop: () => gateway.stop(true),
    close: async () => {
      sender.close()
      await gateway.stop(true)
    },
  }
})
