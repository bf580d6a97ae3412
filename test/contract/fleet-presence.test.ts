import { FleetStage } from '../kit/fleet-stage.ts'
import { Heard } from './broker.ts'
import { type PresenceStage, presenceContract } from './presence.ts'

const slots = 32

/** One of two nodes of a fleet, by whether it owns the channel of the suite. */
async function atNode(isOwner: boolean): Promise<PresenceStage> {
  const stage = new FleetStage({ channel: { namespaces: [{ name: 'room', presence: true, join_leave: true }] } }, slots)
  const nodes = [await stage.add('one'), await stage.add('other')]
  stage.clock.advance(2000)
  const node = nodes.find(({ topology }) => (topology.ownerOf('room:1').kind === 'here') === isOwner)?.node
  if (node === undefined) throw new Error('both own it, or none does')
  const heard = new Heard()
  const deliver = node.deliver.bind(node)
  Object.assign(node, {
    deliver: (...told: Parameters<typeof deliver>) => {
      heard.deliver(...told)
      deliver(...told)
    },
  })
  return {
    presence: node.presence,
    heard,
    done: work => stage.done(work, 50),
    pass: async ms => stage.clock.advance(ms),
    close: () => stage.close(),
  }
}

presenceContract('of a fleet, at the owner of the channel', () => atNode(true))
presenceContract('of a fleet, at another node', () => atNode(false))
