import { systemClock, systemRandom } from '../../../kit/index.ts'
import { mount } from '../../../web/index.ts'
import { ChatClient, IndexedDbCache } from '../client/index.ts'
import { type Account, Accounts, openShelf } from './account.ts'
import { ChatApp } from './chat-app.tsx'
import { Place } from './place.ts'

const accounts = new Accounts(openShelf(), systemClock, systemRandom, new URLSearchParams(location.search))

function connect({ user, token }: Account): ChatClient {
  const { device } = accounts
  const url = `${location.origin.replace(/^http/, 'ws')}/connection/websocket`
  return new ChatClient({ url, user, device, token, cache: new IndexedDbCache(`fanfare-chat ${user} ${device}`) })
}

mount(<ChatApp accounts={accounts} place={new Place()} connect={connect} />)
