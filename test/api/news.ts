import type { ConfigInput } from '../../src/index.ts'
import { testServer } from '../kit/api.ts'

const namespaces: NonNullable<ConfigInput['channel']>['namespaces'] = [
  { name: 'news', history_size: 10, history_ttl: '1m', presence: true, allow_subscribe_for_client: true },
  { name: 'plain', allow_subscribe_for_client: true },
  { name: 'match', delivery: 'lanes', allow_subscribe_for_client: true },
  { name: 'score', delivery: 'latest', allow_subscribe_for_client: true },
]
export const serveNews = (more: ConfigInput = {}) => testServer({ channel: { namespaces }, ...more })
