import { MemoryFleet, threeInMemory } from '../kit/servers/fleet.ts'
import { fleetContract } from './fleet.ts'

fleetContract('over logs and leases in memory', async input => (await threeInMemory(input)).servers)
fleetContract('over logs in memory that are read late', async input => (await threeInMemory(input, new MemoryFleet(4, 200))).servers)
