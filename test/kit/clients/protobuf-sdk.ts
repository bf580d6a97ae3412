import type { Options } from 'centrifuge'
import { Centrifuge, type Subscription } from 'centrifuge/build/protobuf'
import { hurried, RecordedSdk, type RecordedSubscription } from './recorded-sdk.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** A value as bytes of JSON, which is what the SDK takes and gives in Protobuf. */
export function bytesOf(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

export function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes))
}

/** The published SDK over Protobuf. */
export class ProtobufSdk extends RecordedSdk<Centrifuge, Subscription> {
  constructor(url: string, options: Partial<Options> = {}) {
    super(new Centrifuge(url, hurried(options)))
  }

  protected read(data: unknown): unknown {
    return data instanceof Uint8Array ? parsed(data) : data
  }
}

export type ProtobufSubscription = RecordedSubscription<Subscription>
