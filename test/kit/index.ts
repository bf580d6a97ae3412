export { SteppedClock } from '../../src/kit/index.ts'
export { Browser, fits, launchChromium } from './clients/browser.ts'
export { Curl, FetchedStream, type StreamEvent, StreamRecord } from './clients/event-stream.ts'
export { connectAll, cutSocket, type Followed, LeanClient } from './clients/lean-client.ts'
export {
  type ClientClose,
  type ClientMessage,
  type ConnectMessage,
  type Message,
  type PublicationMessage,
  type PushMessage,
  RawClient,
  type SubscribeMessage,
} from './clients/raw-client.ts'
export { Sdk, SdkSubscription } from './clients/sdk.ts'
export { closeCodeIn, TcpClient, textFrame } from './clients/tcp-client.ts'
export { atEnd, endAll } from './endings.ts'
export { eventually, still } from './eventually.ts'
export { SteppedSocket } from './fakes/stepped-socket.ts'
export { TurnClock } from './fakes/turn-clock.ts'
export { Folder } from './folder.ts'
export { freePort } from './free-port.ts'
export { metricsOf } from './metrics.ts'
export { rounds } from './rounds.ts'
export { inbox, Rows } from './rows.ts'
export { install, Sample, sampleText } from './sample.ts'
export { ExampleServer, listening, type Place, places, relayBelow } from './servers/example-server.ts'
export { FanfareProcess } from './servers/fanfare-process.ts'
export { Kafka, type KafkaOptions, lacksKafka, startKafka } from './servers/kafka.ts'
export { Postgres, type PostgresOptions } from './servers/postgres.ts'
export { Program } from './servers/program.ts'
export { startServer, type TestInput, TestServer, testConfig, testServer } from './servers/server.ts'
export { type HeapByClass, type ProcessStats, ServerProcess } from './servers/server-process.ts'
export { apiKey, inSeconds, sign, tokenSecret, userToken } from './tokens.ts'
export { lacks, pathOf, type Tool, tools } from './tools.ts'
export { quiet, until, within } from './until.ts'
