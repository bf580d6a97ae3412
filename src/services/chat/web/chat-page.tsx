import { systemClock, systemRandom } from '../../../kit/index.ts'
import { mount } from '../../../web/index.ts'
import { ChatClient, IndexedDbCache } from '../client/index.ts'
import { type Account, Accounts, openShelf } from './account.ts'
import { ChatApp } from './chat-app.tsx'
import { PageLocation } from './place.ts'

const accounts = new Accounts(openShelf(), systemClock, systemRandom, new URLSearchParams(location.search))

const cacheOf = ({ user }: Account) => new IndexedDbCache(`fanfare-chat ${user} ${accounts.device}`)

function connect(account: Account): ChatClient {
  const { user, token } = account
  const url = `${location.origin.replace(/^http/, 'ws')}/connection/websocket`
  return new ChatClient({ url, user, device: accounts.device, token, cache: cacheOf(account) })
}

mount(<ChatApp accounts={accounts} place={new PageLocation()} connect={connect} forget={account => cacheOf(account).forget()} />)
