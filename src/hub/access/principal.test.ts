import { expect, test } from 'bun:test'
import { isLoopbackAddress, networkOf, principalOf } from './principal.ts'

test('[F80] a user and an address never share a name, whatever the user is called', () => {
  expect(principalOf('address:127.0.0.1', '10.0.0.1')).toBe('user:address:127.0.0.1')
  expect(principalOf('', '127.0.0.1')).toBe('address:127.0.0.1')
  expect(principalOf('ada', '127.0.0.1')).toBe('user:ada')
})

test('[F81] IPv6 addresses count by their /64, and mapped IPv4 addresses as what they are', () => {
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:0db8:0001:0002:ffff::')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(networkOf('::ffff:192.0.2.7')).toBe('192.0.2.7')
  expect(networkOf('192.0.2.7')).toBe('192.0.2.7')
  expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '128.0.0.1', '::2'].map(isLoopbackAddress)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ])
})
