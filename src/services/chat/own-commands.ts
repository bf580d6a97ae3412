import { z } from 'zod'
import type { ServiceHost } from '../../service.ts'
import type { Chat } from './chat.ts'
import { command, conversation, user } from './command.ts'
import { deviceSchema } from './connections.ts'
import { limits } from './limits.ts'
import { blockedBy, changeProfile, profileOf, setBlocked, setOwn } from './store/index.ts'

const isOn = z.boolean()
const whom = z.enum(['everyone', 'answered', 'nobody'])

/** What concerns a user alone, and is the same on all of their devices. */
export function addOwnCommands(server: ServiceHost, chat: Chat): void {
  const { unitsOfWork, parts } = chat
  const settings = z.object({
    conversation: conversation.optional(),
    muted: isOn.optional(),
    mute_ms: z.int().min(limits.muteMsMin).max(limits.muteMsMax).optional(),
    pinned: isOn.optional(),
    archived: isOn.optional(),
    unread: isOn.optional(),
    seq: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional(),
    read_receipts: isOn.optional(),
    last_seen: isOn.optional(),
    may_add: whom.optional(),
    may_write: whom.optional(),
    previews: z.enum(['text', 'name', 'none']).optional(),
    mentions: isOn.optional(),
  })
  command(server, chat, 'chat.settings', settings, async (input, actor) => {
    const { conversation: id, muted, mute_ms: muteMs, pinned, archived, unread, seq, ...given } = input
    const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const { profile, known } = await unitsOfWork.commit(async change => {
      const known = id === undefined ? 0 : await setOwn(change, actor.user, id, { muted, muteMs, pinned, archived, unread, seq })
      const isAsked = Object.keys(wanted).length === 0
      return { known, profile: isAsked ? await profileOf(change.tx, actor.user) : await changeProfile(change.tx, actor.user, wanted) }
    })
    if (id !== undefined && unread === false) parts.pushes?.read(actor.user, { conversation: id, seq: known, device: actor.device })
    return profile
  })
  command(server, chat, 'chat.block', z.object({ user: user.optional(), on: isOn.optional() }), async (input, actor) => {
    const { user: other, on = true } = input
    if (other === undefined) return { blocked: await blockedBy(parts.sql, actor.user) }
    const blocked = await unitsOfWork.commit(change => setBlocked(change, actor.user, other, on))
    if (on) await chat.presence.seemAway(actor.user, other)
    return { blocked }
  })
  command(server, chat, 'chat.presence', z.object({ users: z.array(user).max(limits.presenceMax) }), async (input, actor, { pause }) => ({
    users: await chat.presence.of(actor.user, input.users, pause),
  }))
}

/** One's devices: which there are, and which of them somebody sits at. */
export function addDeviceCommands(server: ServiceHost, chat: Chat): void {
  command(server, chat, 'chat.in_use', z.object({ on: isOn }), async ({ on }, _actor, { client }) => {
    if (client !== undefined) chat.onlineUsers.used(client, on)
    return {}
  })
  command(server, chat, 'chat.devices', z.object({ sign_out: deviceSchema.optional() }), async ({ sign_out }, actor) => {
    if (sign_out !== undefined) await chat.signOut(actor.user, sign_out)
    return { devices: await chat.devicesOf(actor) }
  })
}
