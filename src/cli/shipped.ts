import { OptionSet, type Service } from '../server/index.ts'
import * as services from './services.ts'

/** The services that ship. */
export const shipped: readonly Service[] = Object.values(services)

/** Every option that there is with them. */
export const options = new OptionSet(shipped)
