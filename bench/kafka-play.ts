import { z } from 'zod'

/** How a process of the Kafka benchmark takes part. */
export const kafkaPlay = z.object({
  /** A node, its logs alone, or the client library as it comes. */
  way: z.enum(['node', 'log', 'bare']),
  brokers: z.array(z.string()).readonly(),
  topic: z.string(),
  topics: z.number(),
  partitions: z.number(),
  /** Whether the bare client reads: nodes always do. */
  hears: z.boolean(),
})
export type KafkaPlay = z.output<typeof kafkaPlay>

export const kafkaOrder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('publish'), rate: z.number(), seconds: z.number(), rooms: z.number() }),
  z.object({ kind: z.literal('fill'), rooms: z.number(), each: z.number() }),
  z.object({ kind: z.literal('report'), collect: z.boolean() }),
  /** How many publications the first rooms have. */
  z.object({ kind: z.literal('count'), rooms: z.number() }),
])
export type KafkaOrder = z.output<typeof kafkaOrder>

export const kafkaReport = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), ms: z.number() }),
  z.object({ kind: z.literal('published'), failed: z.number() }),
  z.object({ kind: z.literal('filled') }),
  z.object({ kind: z.literal('counted'), publications: z.number() }),
  z.object({ kind: z.literal('report'), count: z.number(), p50Ms: z.number(), p99Ms: z.number() }),
])
export type KafkaReport = z.output<typeof kafkaReport>

/** A way to publish and to hear. */
export interface Way {
  publish(room: number, text: string): Promise<void>
  fill(order: Extract<KafkaOrder, { kind: 'fill' }>): Promise<void>
  /** Publications that are kept of a room. */
  kept(room: number): Promise<number>
}
