export { SteppedClock } from '../../src/kit/index.ts'
export { Browser, fits, launchChromium } from './browser.ts'
export { atEnd, endAll } from './endings.ts'
export { Curl, FetchedStream, type StreamEvent, StreamRecord } from './event-stream.ts'
export { eventually, still } from './eventually.ts'
export { ExampleServer, listening, type Place, places, relayBelow } from './example-server.ts'
export { FanfareProcess } from './fanfare-process.ts'
export { Folder } from './folder.ts'
export { connectAll, cutSocket, type Followed, LeanClient } from './lean-client.ts'
export { metricsOf } from './metrics.ts'
export { Postgres } from './postgres.ts'
export { Program } from './program.ts'
export {
  type ClientClose,
  type ClientMessage,
  type ConnectMessage,
  type Message,
  type PublicationMessage,
  type PushMessage,
  RawClient,
  type SubscribeMessage,
} from './raw-client.ts'
export { rounds } from './rounds.ts'
export { inbox, Rows } from './rows.ts'
export { install, Sample, sampleText } from './sample.ts'
export { Sdk, SdkSubscription } from './sdk.ts'
export { startServer, TestServer, testConfig } from './server.ts'
export { type HeapByClass, type ProcessStats, ServerProcess } from './server-process.ts'
export { SteppedSocket } from './stepped-socket.ts'
export { closeCodeIn, TcpClient, textFrame } from './tcp-client.ts'
export { apiKey, inSeconds, sign, tokenSecret, userToken } from './tokens.ts'
export { lacks, pathOf, type Tool, tools } from './tools.ts'
export { TurnClock } from './turn-clock.ts'
export { quiet, until, within } from './until.ts'
