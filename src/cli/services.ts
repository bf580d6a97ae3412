import { OptionSet, type Service } from '../server/index.ts'
import { chat } from '../services/chat/index.ts'
import { sports } from '../services/sports/index.ts'

/** Every service that ships, as `fanfare start` puts them on a server: a new one is one line more. */
export const services: readonly Service[] = [sports, chat]

/** Every option that there is with them. */
export const options = new OptionSet(services)
