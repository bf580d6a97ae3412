import type { Json } from '../../../src/kit/index.ts'
import type { ProtocolError } from '../../../src/protocol/index.ts'
import type { InboxEntry, InboxState } from '../../../src/services/chat/model/wire.ts'

/** An entry of an inbox as it stands on the wire. */
export interface ChatPublication {
  readonly data: InboxEntry
  readonly offset?: number
}

/** One message from the server to a device of chat. */
export interface ChatMessage {
  readonly id?: number
  readonly error?: ProtocolError
  readonly connect?: {
    readonly subs?: Readonly<
      Record<string, { readonly recovered?: boolean; readonly publications?: readonly ChatPublication[]; readonly data?: InboxState }>
    >
  }
  readonly rpc?: { readonly data?: Json }
  readonly push?: { readonly channel?: string; readonly pub?: ChatPublication }
}

/** The one place where text becomes messages: what the service under test wrote is taken at its word, and judged by what it says. */
export function readMessages(text: string): ChatMessage[] {
  return text.split('\n').map(line => JSON.parse(line) as ChatMessage)
}
