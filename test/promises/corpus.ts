/** Commands of the client protocol that are as they should be. */
export const commands: readonly string[] = [
  '{"id":2,"connect":{"token":"x.y.z","data":{"a":1},"name":"js","version":"1","subs":{"room:a":{"recover":true,"epoch":"abc","offset":3}},"headers":{"a":"b"}}}',
  '{"id":3,"subscribe":{"channel":"room:a","recover":true,"epoch":"abcd","offset":12,"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","data":{"x":[1,2,{"y":null}]}}}',
  '{"id":3,"subscribe":{"channel":"room:a","flag":3,"type":0,"tf":{"op":"and","nodes":[{"key":"a","cmp":"in","vals":["b","c"]},{"op":"not","nodes":[{"key":"n","cmp":"lt","val":"1.5"}]}]}}}',
  '{"id":3,"subscribe":{"channel":"room:#user1,user2","token":"eyJhbGciOiJIUzI1NiJ9.e30.x"}}',
  '{"id":4,"unsubscribe":{"channel":"room:a"}}',
  '{"id":5,"publish":{"channel":"room:a","data":{"text":"hello","n":1},"key":"k1","lane":"urgent"}}',
  '{"id":5,"publish":{"channel":"board:a","data":{"bid":1.5,"ask":2},"key":"AAPL"}}',
  '{"id":6,"presence":{"channel":"room:a"}}',
  '{"id":7,"presence_stats":{"channel":"room:a"}}',
  '{"id":8,"history":{"channel":"room:a","limit":10,"since":{"offset":1,"epoch":"abcd"},"reverse":true}}',
  '{"id":9,"rpc":{"method":"echo","data":{"text":"x","list":[1,2,3]}}}',
  '{"send":{"data":{"a":"b"}}}',
  '{"id":11,"refresh":{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.x"}}',
  '{"id":12,"sub_refresh":{"channel":"room:a","token":"x.y.z"}}',
  '{"id":13,"ping":{}}',
  '{}',
]

/** Bodies of the server API, each with its path. */
export const apiCalls: readonly (readonly [path: string, body: string])[] = [
  ['/api/publish', '{"channel":"room:a","data":{"n":1},"skip_history":true,"tags":{"a":"b"},"idempotency_key":"k","delta":true}'],
  ['/api/broadcast', '{"channels":["room:a","room:b"],"data":{"n":1},"idempotency_key":"k2"}'],
  ['/api/presence', '{"channel":"room:a"}'],
  ['/api/presence_stats', '{"channel":"room:a"}'],
  ['/api/history', '{"channel":"room:a","limit":10,"since":{"offset":1,"epoch":"abcd"},"reverse":false}'],
  ['/api/history_remove', '{"channel":"room:z"}'],
  ['/api/channels', '{"pattern":"room:*"}'],
  ['/api/info', '{}'],
  ['/api/subscribe', '{"user":"nobody","channel":"room:a","info":{"a":1},"data":{"b":2},"recover_since":{"offset":1,"epoch":"x"}}'],
  ['/api/unsubscribe', '{"user":"nobody","channel":"room:a","client":"c"}'],
  ['/api/disconnect', '{"user":"nobody","disconnect":{"code":3503,"reason":"x"},"whitelist":["a"]}'],
  ['/api/refresh', '{"user":"nobody","client":"c","expired":false,"expire_at":1999999999}'],
  ['/api/batch', '{"commands":[{"publish":{"channel":"room:a","data":1}},{"presence":{"channel":"room:a"}},{"info":{}}],"parallel":true}'],
]

/** Other paths, with the methods and bodies that they take. */
export const requests: readonly (readonly [method: string, path: string, body?: string])[] = [
  ['GET', '/sse?channel=room:a&channel=board:b&token=x.y.z&last_event_id=AQABBGFiY2QBAQIDBAAF'],
  ['GET', '/connection/websocket'],
  ['GET', '/connection/node'],
  ['POST', '/sse/node.session-0123456789abcdef/subscriptions', '{"rev":1,"op":"add","channels":["room:a","room:b"]}'],
  ['POST', '/auth/ticket', '{}'],
  ['POST', '/auth/guest', '{"name":"Alice"}'],
  ['POST', '/rpc/sports.games', '{"limit":1}'],
  ['POST', '/rpc/no.such', '{}'],
  ['GET', '/rpc'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/ops/stats'],
  ['GET', '/ops/tree'],
  ['GET', '/sports/games'],
  ['GET', '/sports/games/wc2014-final/board'],
  ['GET', '/sports/games/wc2014-final/snapshot'],
  ['PUT', '/sports/games/x', '{"home":"A","away":"B"}'],
  ['POST', '/sports/games/x/events', '{"minute":1,"kind":"goal","player":"X"}\n{"minute":2,"kind":"card"}'],
  ['DELETE', '/nothing/here'],
]

/** Claims of tokens, to be signed with the right key. */
export const claims: readonly string[] = [
  '{"sub":"fuzz","exp":1999999999,"info":{"a":1},"channels":["room:a"],"subs":{"room:b":{"data":{"x":1}}},"caps":[{"channels":["room:*"],"match":"wildcard","allow":["sub","pub"]}]}',
  '{"sub":"fuzz","channel":"room:a","client":"abc","expire_at":1999999999}',
  '{"sub":"fuzz","iat":1,"nbf":1,"aud":"x","iss":"y","meta":{"k":"v"}}',
]
