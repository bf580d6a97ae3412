import { Centrifuge } from 'centrifuge'

/** What the tour needs from outside. */
export interface TourGuide {
  readonly url: string
  /** Ends so soon that the SDK must refresh it on the way. */
  readonly token: string
  readonly nextToken: string
  readonly subscriptionToken: string
}

/**
 * Everything a client does, in one go with the published SDK; it runs as it is in Bun and in a browser. The answer says in order what was
 * seen, so that both can be compared with what must be.
 */
export async function tour({ url, token, nextToken, subscriptionToken }: TourGuide): Promise<string[]> {
  const seen: string[] = []
  const client = new Centrifuge(url, { token, getToken: async () => nextToken, minReconnectDelay: 50, maxReconnectDelay: 100 })
  let connections = 0
  client.on('connected', () => connections++)
  client.connect()
  await client.ready()
  seen.push('connected')

  const room = client.newSubscription('tour:room', { recoverable: true, joinLeave: true, delta: 'fossil' })
  const data: number[] = []
  const recoveries: string[] = []
  let joined = false
  room.on('publication', context => data.push(context.data.n))
  room.on('subscribed', ({ recovered, wasRecovering }) => recoveries.push(`${wasRecovering}/${recovered}`))
  room.on('join', ({ info }) => {
    joined ||= info.user === 'tourist'
  })
  room.subscribe()
  await room.ready()
  await until(() => joined)
  seen.push('subscribed and saw the join')

  client.startBatching()
  const published = [1, 2, 3].map(n => room.publish({ n, text: 'häßlich 漢字 😀 '.repeat(20) }))
  client.stopBatching()
  await Promise.all(published)
  await until(() => data.length === 3)
  seen.push(`published ${data}`)

  const { clients } = await room.presence()
  const { numClients, numUsers } = await room.presenceStats()
  seen.push(`presence ${Object.values(clients).map(({ user }) => user)}, ${numClients} client, ${numUsers} user`)
  const { publications, offset } = await room.history({ limit: 2, reverse: true })
  seen.push(`history ${publications.map(publication => publication.data.n)} of ${offset}`)
  seen.push(`rpc ${JSON.stringify((await client.rpc('echo', { text: 'ß' })).data)}`)
  await client.send({ note: true })
  seen.push(`refused ${await client.publish('tour:private#nobody', 1).catch(error => error.code)}`)

  const vip = client.newSubscription('$vip', { token: subscriptionToken })
  vip.subscribe()
  await vip.ready()
  seen.push('subscribed by token')

  await client.rpc('cut', {}).catch(() => {})
  await until(() => connections === 2 && room.state === 'subscribed' && recoveries.length === 2)
  await until(() => data.length === 8)
  seen.push(`recovered ${recoveries[1]} ${data}`)

  await until(async () => (await client.rpc('expiry', {})).data.left > 1000)
  seen.push(`refreshed on connection ${connections}`)
  vip.unsubscribe()
  client.disconnect()
  seen.push('disconnected')
  return seen
}

/** At most a hundredth of a second apart: minutes. */
const looksMax = 12_000

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; !(await condition()); looks++) {
    if (looks === looksMax) throw new Error(`waited in vain for ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
