import { Snippet } from '../../web/index.ts'

/** Ways to the same stream, ready to be pasted, with the address of this very server. */
export function TryIt({ game }: { readonly game: string | undefined }) {
  const channel = game === undefined ? 'news:today' : `sports:game_${game}`
  return (
    <section class="try" id="try" aria-label="Try it">
      <h2>Try it</h2>
      <div class="ways">
        <div>
          <h3>In a terminal</h3>
          <p>Plain Server-Sent Events. Stop it and send the last id as a header: it continues there.</p>
          <Snippet label="With curl" code={curlCode(channel)} />
        </div>
        <div>
          <h3>In a page</h3>
          <p>EventSource is built into every browser. It reconnects and resumes by itself.</p>
          <Snippet label="With EventSource" code={eventSourceCode(channel)} />
        </div>
        <div>
          <h3>With an SDK</h3>
          <p>Over WebSocket, with any client of the Centrifugo protocol. Guests may log in while the server is in development mode.</p>
          <Snippet label="With the centrifuge package" code={sdkCode(channel)} />
        </div>
      </div>
    </section>
  )
}

function curlCode(channel: string): string {
  return `curl -N '${location.origin}/sse?channel=${channel}'

# and to resume
curl -N -H 'Last-Event-ID: <id>' \\
  '${location.origin}/sse?channel=${channel}'`
}

function eventSourceCode(channel: string): string {
  return `const stream = new EventSource('${location.origin}/sse?channel=${channel}')

stream.onmessage = ({ data }) => {
  const { connect, batch, ...push } = JSON.parse(data)
  if (connect) console.log('subscribed', connect.subs)
  for (const { channel, pub } of batch ?? [push]) {
    if (pub) console.log(channel, pub.data)
  }
}`
}

function sdkCode(channel: string): string {
  return `import { Centrifuge } from 'centrifuge'

const login = await fetch('${location.origin}/auth/guest', {
  method: 'POST',
  body: JSON.stringify({ name: 'Ada' }),
})
const { token } = await login.json()

const client = new Centrifuge('${location.origin.replace('http', 'ws')}/connection/websocket', { token })
const sub = client.newSubscription('${channel}')
sub.on('publication', ({ data }) => console.log(data))
sub.subscribe()
client.connect()`
}
