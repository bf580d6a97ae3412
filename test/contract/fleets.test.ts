import { threeInMemory } from '../kit/servers/fleet.ts'
import { fleetContract } from './fleet.ts'

fleetContract('over logs and leases in memory', async input => (await threeInMemory(input)).servers)
