/** Slots that keys are hashed to. Fixed for ever: leases are named by their slot. */
export const slotCount = 4096
/** How far above the average a member may be loaded. */
export const loadFactor = 1.25

/** The slot of a board, a room, a queue or a conversation. The same on every node and in every version (xxHash64). */
export function slotOf(key: string, slots = slotCount): number {
  return Number(Bun.hash.xxHash64(key) % BigInt(slots))
}

/** The slots that one of so many members may have at most. */
export function loadMax(members: number, slots = slotCount): number {
  return Math.ceil((slots / members) * loadFactor)
}

/**
 * Which member should own each slot: the one with the highest score for it that still has room (rendezvous hashing with bounded loads,
 * Mirrokni et al. 2016). Members alone decide, in whichever order they are given, so every node computes the same. When one joins or
 * leaves, only slots move whose best member it is or was, and the few that the bound displaces.
 */
export function placeSlots(members: readonly string[], slots = slotCount): readonly (string | undefined)[] {
  const sorted = [...new Set(members)].sort()
  const most = loadMax(sorted.length, slots)
  const loads = new Map<string, number>()
  return Array.from({ length: slots }, (_, slot) => {
    const owner = preferred(sorted, slot).find(member => (loads.get(member) ?? 0) < most)
    if (owner !== undefined) loads.set(owner, (loads.get(owner) ?? 0) + 1)
    return owner
  })
}

/** Members by their score for a slot, the best first. */
export function preferred(members: readonly string[], slot: number): string[] {
  return members
    .map(member => ({ member, score: Bun.hash.xxHash32(`${slot} ${member}`) }))
    .sort((left, right) => right.score - left.score || (left.member < right.member ? -1 : 1))
    .map(({ member }) => member)
}
