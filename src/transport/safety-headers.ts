import { sseHeaders } from '../protocol/index.ts'

/** Says of every answer that it is only what it claims to be. */
export const safetyHeaders = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const

/** Of an event stream, which brings all of its headers along. */
export const eventStreamHeaders = { ...sseHeaders, ...safetyHeaders } as const
