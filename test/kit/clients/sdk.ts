import { Centrifuge, type Options, type Subscription } from 'centrifuge'
import { hurried, RecordedSdk, type RecordedSubscription } from './recorded-sdk.ts'

/** The published SDK over JSON. */
export class Sdk extends RecordedSdk<Centrifuge, Subscription> {
  constructor(url: string, options: Partial<Options> = {}) {
    super(new Centrifuge(url, hurried(options)))
  }

  protected read(data: unknown): unknown {
    return data
  }
}

export type SdkSubscription = RecordedSubscription<Subscription>
