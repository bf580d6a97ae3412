declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'

  export interface DecryptParams {
    readonly version: 'aes128gcm'
    readonly privateKey: ECDH
    readonly authSecret: string
  }
  export function decrypt(body: Buffer, params: DecryptParams): Buffer
}
