import { between, type Random } from '../../../src/kit/index.ts'
import { pick } from '../../core/chance.ts'
import type { Handheld } from './handheld.ts'
import type { Copy, Slot } from './replica.ts'
import type { Transcript } from './transcript.ts'

export interface Scene {
  readonly random: Random
  readonly users: readonly string[]
  readonly devices: readonly Handheld[]
  readonly transcript: Transcript
  /** A number that was not given before. */
  serial(): number
}

type Act = (scene: Scene, device: Handheld, copy: Copy) => void

/** Something that a user does, as a person would: about what the device shows. */
export function act(scene: Scene): void {
  const { random } = scene
  const device = pick(random, scene.devices)
  const copies = [...device.replica.copies.values()].filter(({ members }) => members.has(device.user))
  const gone = [...device.replica.copies.values()].filter(({ kind, members }) => kind === 'group' && !members.has(device.user))
  // Whoever left may have been asked back, and comes by own choice.
  if (gone.length > 0 && random.next() < 0.1) device.wish('chat.invited', { conversation: pick(random, gone).id })
  else if (copies.length === 0 || random.next() < 0.03) begin(scene, device)
  else draw(random)(scene, device, pick(random, copies))
}

/** One message of a flood. */
export const say: Act = (scene, device, { id, slots }) => {
  const count = scene.serial()
  const answered = pickSlot(device.random, slots, ({ kind }) => kind === 'message')
  device.wish('chat.send', {
    conversation: id,
    cid: `${device.name}-${count}`,
    text: `${device.user} says ${count}`,
    ...(answered !== undefined && device.random.next() < 0.1 ? { reply_to: answered } : {}),
  })
}

function begin({ random, users, transcript, serial }: Scene, device: Handheld): void {
  const others = users.filter(user => user !== device.user)
  const code = transcript.codes.length > 0 && random.next() < 0.3 ? pick(random, transcript.codes) : undefined
  if (code !== undefined) device.wish('chat.join', { code })
  else if (random.next() < 0.5) device.wish('chat.direct', { with: pick(random, others) })
  else device.wish('chat.group', { title: 'a group', members: others.filter(() => random.next() < 0.6).slice(0, 3), cid: `g-${serial()}` })
}

const sendSoonStale: Act = (scene, device, copy) => {
  // With the version of the members that it believes in; who is wrong is refused and nothing is said.
  device.wish('chat.send', {
    conversation: copy.id,
    cid: `${device.name}-${scene.serial()}`,
    text: 'only to these',
    version: between(scene.random, 1, 4),
  })
}

const read: Act = (_, device, { id, slots }) => {
  const newest = [...slots.keys()].reduce((max, seq) => Math.max(max, seq), 0)
  if (newest > 0) device.wish('chat.read', { conversation: id, seq: newest })
}

const readHalf: Act = (_, device, { id, slots }) => {
  const seq = pickSlot(device.random, slots, () => true)
  if (seq !== undefined) device.wish('chat.read', { conversation: id, seq })
}

const edit: Act = ({ serial }, device, { id, slots }) => {
  const seq = pickSlot(device.random, slots, ({ kind, author, isDeleted }) => kind === 'message' && author === device.user && !isDeleted)
  if (seq !== undefined) device.wish('chat.edit', { conversation: id, seq, text: `${device.user} means ${serial()}` })
}

const erase: Act = (_, device, { id, slots }) => {
  const seq = pickSlot(device.random, slots, ({ kind }) => kind === 'message')
  if (seq !== undefined) device.wish('chat.delete', { conversation: id, seq, for: 'everyone' })
}

const eraseForMe: Act = (_, device, { id, slots }) => {
  const seq = pickSlot(device.random, slots, ({ kind }) => kind === 'message')
  if (seq !== undefined) device.wish('chat.delete', { conversation: id, seq, for: 'me' })
}

const react: Act = (_, device, { id, slots }) => {
  const seq = pickSlot(device.random, slots, ({ kind }) => kind === 'message')
  if (seq !== undefined) device.wish('chat.react', { conversation: id, seq, emoji: pick(device.random, ['👍', '👎', '']) })
}

const clear: Act = (_, device, { id }) => device.wish('chat.clear', { conversation: id })
const mute: Act = (_, device, { id }) => device.wish('chat.settings', { conversation: id, muted: device.random.next() < 0.5 })

/** Only in groups. */
function inGroup(run: Act): Act {
  return (scene, device, copy) => (copy.kind === 'group' ? run : say)(scene, device, copy)
}

const add = inGroup(({ users }, device, { id }) => device.wish('chat.add', { conversation: id, users: [pick(device.random, users)] }))
const remove = inGroup(({ users }, device, { id }) => {
  const others = users.filter(user => user !== device.user)
  device.wish('chat.remove', { conversation: id, users: [pick(device.random, others)] })
})
const leave = inGroup((_, device, { id }) => device.wish('chat.leave', { conversation: id }))
const promote = inGroup(({ users }, device, { id }) =>
  device.wish('chat.role', { conversation: id, user: pick(device.random, users), role: pick(device.random, ['admin', 'member', 'owner']) }),
)
const rename = inGroup(({ serial }, device, { id }) => device.wish('chat.rename', { conversation: id, title: `title ${serial()}` }))
const invite = inGroup((_, device, { id }) => device.wish('chat.invite', { conversation: id, uses: between(device.random, 0, 3) }))

const weights: readonly (readonly [number, Act])[] = [
  [40, say],
  [2, sendSoonStale],
  [12, read],
  [4, readHalf],
  [5, edit],
  [5, erase],
  [3, eraseForMe],
  [5, react],
  [1, clear],
  [1, mute],
  [6, add],
  [5, remove],
  [2, leave],
  [2, promote],
  [1, rename],
  [2, invite],
]
const total = weights.reduce((sum, [weight]) => sum + weight, 0)

function draw(random: Random): Act {
  let left = random.next() * total
  for (const [weight, chosen] of weights) {
    left -= weight
    if (left < 0) return chosen
  }
  return say
}

function pickSlot(random: Random, slots: ReadonlyMap<number, Slot>, wanted: (slot: Slot) => boolean): number | undefined {
  const seqs = [...slots].flatMap(([seq, slot]) => (wanted(slot) ? [seq] : []))
  return seqs.length === 0 ? undefined : seqs[Math.floor(random.next() * seqs.length)]
}
