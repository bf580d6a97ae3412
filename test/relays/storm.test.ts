import { expect, test } from 'bun:test'
import { FanfareProcess, rounds, until } from '../kit/index.ts'
import { nodeSecret, startCentral } from '../kit/servers/tree.ts'
import { LeanStream } from './lean-stream.ts'

const viewers = rounds(2000, 10_000)
const perStep = 100
const stepMs = 100
const channel = 'room:final'

test(`[S18, T25] a kick-off storm of ${viewers} joins on one edge costs the parent a few questions, whatever their number`, async () => {
  await using central = await startCentral()
  central.server.authorize('room', () => ({ forEveryone: true, data: () => ({ score: '0:0' }) }), { anonymous: true })
  await central.server.publish(channel, { n: 1 })
  const { port } = new URL(central.server.url)
  await using edge = await FanfareProcess.start({ node: { secret: nodeSecret }, upstream: [`ws://127.0.0.1:${port}`] }, 'relay')
  const questions: string[] = []
  for (const { link } of central.server.topology.children.all()) {
    if (link === undefined) continue
    const request = link.peer.request.bind(link.peer)
    link.peer.request = (name, input) => {
      questions.push(name)
      return request(name, input)
    }
  }
  const crowd = Array.from({ length: viewers }, () => new LeanStream([Number(new URL(edge.url).port)], channel))
  for (let from = 0; from < viewers; from += perStep) {
    for (const viewer of crowd.slice(from, from + perStep)) viewer.start()
    await Bun.sleep(stepMs)
  }
  await until('all have joined', () => crowd.every(({ isOpen }) => isOpen))
  const count = (question: string) => questions.filter(name => name === question).length
  expect(count('open')).toBe(1)
  // What is the same for everyone is asked anew once a second, however many come in it.
  expect(count('authorize')).toBeLessThanOrEqual(viewers / 20)
  // Beyond that it says every two seconds that it lives, as without a storm.
  const others = questions.filter(name => !['open', 'authorize', 'report'].includes(name))
  expect(others).toEqual([])
  await central.server.publish(channel, { n: 2 })
  await until('all have the goal', () => crowd.every(({ urgent }) => urgent >= 1))
  expect(crowd.flatMap(({ faults }) => faults)).toEqual([])
  for (const viewer of crowd) viewer.stop()
})
