import protobuf, { type Type } from 'protobufjs'
import source from './client.proto' with { type: 'text' }

const { root } = protobuf.parse(source, { keepCase: true })
root.resolveAll()

/** The messages of `client.proto` that something stands on its own for, or is put together from. */
export const schema = {
  command: root.lookupType('Command'),
  reply: root.lookupType('Reply'),
  push: root.lookupType('Push'),
  publication: root.lookupType('Publication'),
  connectResult: root.lookupType('ConnectResult'),
  subscribeResult: root.lookupType('SubscribeResult'),
  historyResult: root.lookupType('HistoryResult'),
} as const satisfies Record<string, Type>

/** The number of a field. */
export function numberOf(type: Type, name: string): number {
  const field = type.fields[name]
  if (field === undefined) throw new Error(`${type.name} has no field ${name}`)
  return field.id
}
