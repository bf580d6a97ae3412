import { storeContract } from './store.ts'
import { overBoth } from './stores.ts'

overBoth(storeContract)
