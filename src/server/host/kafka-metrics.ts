import type { KafkaFigures } from '../../broker/kafka/index.ts'
import type { Metric } from '../ops/metric.ts'

/** Figures of this node's way to Kafka. */
export function kafkaMetrics(figures: () => KafkaFigures): Metric[] {
  return [
    { name: 'kafka_partitions', help: 'Partitions that this node reads.', read: () => figures().partitions },
    { name: 'kafka_sessions', help: 'Connections over which it reads them.', read: () => figures().sessions },
    { name: 'kafka_lag_records', help: 'Records that are in Kafka and not read here yet.', read: () => figures().lag },
    {
      name: 'kafka_silent_seconds',
      help: 'How long some partition has not been answered for; 0 while all are. From 2 on the node is not ready.',
      read: () => figures().silentMs / 1000,
    },
    { name: 'kafka_reconnects_total', help: 'Connections for reading that were lost.', read: () => figures().reconnects },
    {
      name: 'kafka_unreadable_total',
      help: 'Batches of records that could not be read and were passed over.',
      read: () => figures().unreadable,
    },
    { name: 'kafka_appended_total', help: 'Records that Kafka acknowledged to this node.', read: () => figures().appended },
    { name: 'kafka_append_failures_total', help: 'Appends that failed for their publisher.', read: () => figures().appendFailures },
    {
      name: 'kafka_append_retries_total',
      help: 'Batches that were not acknowledged and were sent again.',
      read: () => figures().appendRetries,
    },
  ]
}
