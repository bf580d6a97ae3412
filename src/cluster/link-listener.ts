import type { Close } from '../protocol/index.ts'
import type { LinkSocket } from './link.ts'

/** A node's end of a connection that another node opened: hears what comes, and that it is over. */
export interface LinkEnd {
  received(text: string): void
  gone(): void
}

/** Takes the connections of nodes below, whatever they come over. */
export interface LinkListener {
  /**
   * Why a node may not link, if so: it is told by closing its connection with the code and reason.
   * @param secret what it shows @param address where it says that it is
   */
  refusal(secret: string | undefined, address?: string): Close | undefined
  accept(socket: LinkSocket): LinkEnd
}
