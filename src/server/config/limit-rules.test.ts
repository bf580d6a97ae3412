import { expect, test } from 'bun:test'
import { limitRules } from './limit-rules.ts'
import { resolveConfig } from './resolve.ts'
import { type Settings, schema } from './schema.ts'

const defaults: Settings = schema.parse({})

test('[C62] the default limits fit together', () => {
  for (const { formula, sides } of limitRules) {
    const { left, right } = sides(defaults)
    expect({ formula, holds: left >= right }).toEqual({ formula, holds: true })
  }
  expect(resolveConfig({ file: {} })).toMatchObject({ ok: true, config: { warnings: [] } })
})

test('[C62] limits that follow from others follow them', () => {
  const limitsOf = (client: object) => {
    const resolution = resolveConfig({ file: { client } })
    if (!resolution.ok) throw new Error(resolution.problems.join('\n'))
    const { commandBytesMax, subscribeBytesMax, frameBytesMax } = resolution.config.limits
    return [commandBytesMax, subscribeBytesMax, frameBytesMax]
  }
  expect(limitsOf({})).toEqual([65_536, 4_096, 524_288])
  expect(limitsOf({ channel_limit: 1_000 })).toEqual([65_536, 4_096, 4_096_000])
  expect(limitsOf({ subscribe_size_limit: 8_192 })).toEqual([65_536, 8_192, 1_048_576])
  expect(limitsOf({ message_size_limit: 1_000 })).toEqual([1_000, 1_000, 128_000])
  expect(limitsOf({ channel_limit: 2 })).toEqual([65_536, 4_096, 65_536])
})

const fatal: [object, string][] = [
  [
    { client: { frame_size_limit: 65_536 } },
    'client.frame_size_limit: must hold: client.frame_size_limit >= client.channel_limit x client.subscribe_size_limit, got 65536 < 128 x 4096 = 524288: an SDK that comes back to all of its channels sends one frame, which would close with 1009, and it stays away',
  ],
  [
    { client: { frame_size_limit: 65_536, channel_limit: 1, message_size_limit: 100_000 } },
    'client.frame_size_limit: must hold: client.frame_size_limit >= client.message_size_limit, got 65536 < 100000: a command that is allowed would close with 1009',
  ],
  [
    { client: { subscribe_size_limit: 70_000 } },
    'client.subscribe_size_limit: must hold: client.message_size_limit >= client.subscribe_size_limit, got 65536 < 70000: a subscribe command that is allowed would close with 1009',
  ],
]
test.each(fatal)('[C62] %j is refused with the formula and its numbers', (file, line) => {
  expect(resolveConfig({ file })).toEqual({ ok: false, problems: [line] })
})

const weak: [object, string][] = [
  [
    { client: { subscribe_size_limit: 1_000 } },
    'client.subscribe_size_limit >= 3 x channel.max_length + 640, got 1000 < 3 x 255 + 640 = 1405',
  ],
  [{ client: { json_keys_limit: 100 } }, 'client.json_keys_limit >= client.channel_limit, got 100 < 128'],
  [{ client: { pending_command_limit: 100 } }, 'client.pending_command_limit >= client.channel_limit, got 100 < 128'],
  [{ client: { command_rate: { burst: 100 } } }, 'client.command_rate.burst > client.channel_limit, got 100 < 128 + 1'],
  [{ client: { user_command_rate: { burst: 100 } } }, 'client.user_command_rate.burst > client.channel_limit, got 100 < 128 + 1'],
  [{ client: { queue_max_size: 100_000 } }, 'client.queue_max_size >= 2 x client.message_size_limit, got 100000 < 2 x 65536 = 131072'],
]
test.each(weak)('[C62] %j is warned of with the formula and its numbers', (file, words) => {
  expect(resolveConfig({ file })).toMatchObject({ ok: true, config: { warnings: [expect.stringContaining(`must hold: ${words}: `)] } })
})

const streams: [object, string][] = [
  [
    { client: { channel_limit: 500 } },
    'client.head_size_limit >= client.channel_limit x (channel.max_length + 9) + 16384, got 65536 < 500 x (255 + 9) + 16384 = 148384',
  ],
  [
    { client: { channel_limit: 500 } },
    'client.message_size_limit >= client.channel_limit x (channel.max_length + 3), got 65536 < 500 x (255 + 3) = 129000',
  ],
  [
    { client: { user_unsent_size_limit: 8_000_000 } },
    'client.user_unsent_size_limit >= 16 x 1048576, got 8000000 < 16 x 1048576 = 16777216',
  ],
  [
    { client: { history_max_size: 50_000_000 } },
    'client.user_unsent_size_limit >= client.queue_max_size + client.history_max_size + client.presence_max_size, got 33554432 < 1048576 + 50000000 + 1048576 = 52097152',
  ],
  [{ client: { unsent_size_limit: 2_000_000 } }, 'client.unsent_size_limit >= client.user_unsent_size_limit, got 2000000 < 33554432'],
]
test.each(streams)('[C70] %j is warned of with the formula and its numbers', (file, words) => {
  const resolved = resolveConfig({ file })
  const warnings = resolved.ok ? resolved.config.warnings : []
  expect(warnings.filter(warning => warning.includes(`must hold: ${words}: `))).toHaveLength(1)
})
