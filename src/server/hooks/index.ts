export { Hooks } from './hooks.ts'
export { addHookMetrics } from './metrics.ts'
export { type SignedRequest, sign, signatureHeader, verifySignature } from './signature.ts'
