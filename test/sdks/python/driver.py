"""Lets a test drive centrifuge-python, httpx-sse and cent: it takes a command a line and prints an event a line, as JSON."""

import asyncio
import json
import logging
import os
import sys

import cent
import httpx
from centrifuge import (
    Client,
    ClientEventHandler,
    DeltaType,
    ReplyError,
    StreamPosition,
    SubscriptionEventHandler,
    UnauthorizedError,
)
from httpx_sse import aconnect_sse

logging.getLogger("centrifuge").setLevel(logging.CRITICAL)


def tell(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def failure(error):
    if isinstance(error, ReplyError):
        return {"code": error.code, "message": error.message}
    return {"code": getattr(error, "code", 0), "message": f"{type(error).__name__}: {error}"}


class Thrown(Exception):
    """What a handler raises because the test wants it to."""


class Peer:
    """One client of the SDK."""

    def __init__(self, order):
        self.name = order["client"]
        self.is_binary = order["form"] == "protobuf"
        self.subs = {}
        self.armed = {}
        self.held = {}
        tokens = order.get("tokens")
        self.client = Client(
            order["url"],
            events=ClientHandler(self),
            token=order.get("token", ""),
            get_token=self.next_of(None, tokens) if tokens is not None else None,
            use_protobuf=self.is_binary,
            timeout=20.0,
            max_server_ping_delay=20.0,
            data=self.encode(order["data"]) if "data" in order else None,
            min_reconnect_delay=0.01,
            max_reconnect_delay=0.1,
            proxy=None,
        )

    def encode(self, data):
        return json.dumps(data).encode() if self.is_binary else data

    def decode(self, data):
        if data is None or not self.is_binary:
            return data
        return json.loads(data) if data else None

    def next_of(self, channel, tokens):
        async def next_token(*_):
            self.tell("asked", channel)
            if not tokens:
                raise UnauthorizedError()
            return tokens.pop(0)

        return next_token

    def tell(self, on, channel=None, **more):
        tell({"client": self.name, "on": on, **({} if channel is None else {"channel": channel}), **more})

    def subscribed(self, channel, ctx, **more):
        at = ctx.stream_position
        place = {} if at is None else {"offset": at.offset, "epoch": at.epoch}
        recovery = {"recovered": ctx.recovered, "wasRecovering": ctx.was_recovering, "recoverable": ctx.recoverable}
        self.tell("subscribed", channel, data=self.decode(ctx.data), **recovery, **place, **more)

    def publication(self, pub):
        told = {"data": self.decode(pub.data), "offset": pub.offset}
        if pub.tags:
            told["tags"] = dict(pub.tags)
        if pub.info is not None:
            told["info"] = self.info(pub.info)
        return told

    def info(self, info):
        parts = {"connInfo": self.decode(info.conn_info), "chanInfo": self.decode(info.chan_info)}
        return {"client": info.client, "user": info.user, **parts}

    async def spring(self, on, channel):
        """Does what the test wants to happen inside of this handler, once."""
        key = (on, channel)
        trap = self.armed.get(key)
        if trap is None:
            return
        if trap["after"] > 0:
            trap["after"] -= 1
            return
        del self.armed[key]
        if trap["act"] == "linger":
            self.held[key] = asyncio.Event()
        self.tell("acted", channel, act=trap["act"])
        if trap["act"] == "unsubscribe":
            await self.subs[channel].unsubscribe()
        elif trap["act"] == "disconnect":
            await self.client.disconnect()
        elif trap["act"] == "throw":
            raise Thrown()
        elif trap["act"] == "linger":
            await self.held[key].wait()

    async def subscribe(self, order):
        channel = order["channel"]
        tokens = order.get("tokens")
        sub = self.client.new_subscription(
            channel,
            events=SubscriptionHandler(self, channel),
            token=order.get("token", ""),
            get_token=self.next_of(channel, tokens) if tokens is not None else None,
            data=self.encode(order["data"]) if "data" in order else None,
            min_resubscribe_delay=0.01,
            max_resubscribe_delay=0.1,
            positioned=order.get("positioned", False),
            recoverable=order.get("recoverable", False),
            join_leave=order.get("joinLeave", False),
            delta=DeltaType.FOSSIL if order.get("delta") else None,
        )
        self.subs[channel] = sub
        await sub.subscribe()

    async def do(self, order):
        do, channel = order["do"], order.get("channel", "")
        if do == "connect":
            await self.client.connect()
        elif do in ("disconnect", "close"):
            await self.client.disconnect()
        elif do == "subscribe":
            await self.subscribe(order)
        elif do == "resubscribe":
            await self.subs[channel].subscribe()
        elif do == "unsubscribe":
            await self.subs[channel].unsubscribe()
        elif do == "arm":
            self.armed[(order["on"], channel)] = {"act": order["act"], "after": order.get("after", 0)}
        elif do == "release":
            held = self.held.pop((order["on"], channel), None)
            if held is not None:
                held.set()
        else:
            return await self.ask(do, channel, order)

    async def ask(self, do, channel, order):
        if do == "publish":
            await self.client.publish(channel, self.encode(order["data"]))
        elif do == "presence":
            result = await self.client.presence(channel)
            return {client: self.info(info) for client, info in result.clients.items()}
        elif do == "presenceStats":
            result = await self.client.presence_stats(channel)
            return {"clients": result.num_clients, "users": result.num_users}
        elif do == "history":
            since = order.get("since")
            at = None if since is None else StreamPosition(since["offset"], since["epoch"])
            result = await self.client.history(channel, limit=order.get("limit", 0), since=at, reverse=order.get("reverse", False))
            publications = [self.publication(pub) for pub in result.publications]
            return {"publications": publications, "offset": result.offset, "epoch": result.epoch}
        elif do == "rpc":
            return self.decode((await self.client.rpc(order["method"], self.encode(order["data"]))).data)
        else:
            raise ValueError(f"no such command: {do}")


class ClientHandler(ClientEventHandler):
    def __init__(self, peer):
        self.peer = peer

    async def on_connecting(self, ctx):
        self.peer.tell("connecting", code=ctx.code)

    async def on_connected(self, ctx):
        self.peer.tell("connected", id=ctx.client, data=self.peer.decode(ctx.data))

    async def on_disconnected(self, ctx):
        self.peer.tell("disconnected", code=ctx.code)

    async def on_error(self, ctx):
        self.peer.tell("error", **failure(ctx.error))

    async def on_subscribing(self, ctx):
        self.peer.tell("subscribing", ctx.channel, server=True)

    async def on_subscribed(self, ctx):
        self.peer.subscribed(ctx.channel, ctx, server=True)
        await self.peer.spring("subscribed", ctx.channel)

    async def on_unsubscribed(self, ctx):
        self.peer.tell("unsubscribed", ctx.channel, server=True)

    async def on_publication(self, ctx):
        self.peer.tell("publication", ctx.channel, server=True, **self.peer.publication(ctx.pub))
        await self.peer.spring("publication", ctx.channel)

    async def on_join(self, ctx):
        self.peer.tell("join", ctx.channel, info=self.peer.info(ctx.info), server=True)

    async def on_leave(self, ctx):
        self.peer.tell("leave", ctx.channel, info=self.peer.info(ctx.info), server=True)


class SubscriptionHandler(SubscriptionEventHandler):
    def __init__(self, peer, channel):
        self.peer = peer
        self.channel = channel

    async def on_subscribing(self, ctx):
        self.peer.tell("subscribing", self.channel, code=ctx.code)

    async def on_subscribed(self, ctx):
        self.peer.subscribed(self.channel, ctx)
        await self.peer.spring("subscribed", self.channel)

    async def on_unsubscribed(self, ctx):
        self.peer.tell("unsubscribed", self.channel, code=ctx.code)

    async def on_publication(self, ctx):
        self.peer.tell("publication", self.channel, **self.peer.publication(ctx.pub))
        await self.peer.spring("publication", self.channel)

    async def on_join(self, ctx):
        self.peer.tell("join", self.channel, info=self.peer.info(ctx.info))

    async def on_leave(self, ctx):
        self.peer.tell("leave", self.channel, info=self.peer.info(ctx.info))

    async def on_error(self, ctx):
        self.peer.tell("error", self.channel, **failure(ctx.error))


async def stream(order):
    """Hands out what httpx-sse makes of an event stream, and comes back with the last id, as its documents say."""
    name, last = order["client"], ""
    async with httpx.AsyncClient(timeout=None) as client:
        while True:
            headers = {"Last-Event-ID": last} if last else {}
            try:
                async with aconnect_sse(client, "GET", order["url"], headers=headers) as source:
                    tell({"client": name, "on": "opened", "code": source.response.status_code})
                    async for event in source.aiter_sse():
                        last = event.id
                        tell({"client": name, "on": "event", "data": event.data, "eventId": event.id})
            except httpx.HTTPError as error:
                tell({"client": name, "on": "broken", "message": repr(error)})
            await asyncio.sleep(0.01)


def call(order):
    """One request of the server API by the published library."""
    client = cent.Client(order["url"], order["key"], timeout=20.0)
    try:
        request = getattr(cent, order["request"])(**order["data"])
        result = getattr(client, order["method"])(request)
        return result.model_dump(mode="json", exclude_none=True)
    finally:
        client.close()


async def obey(peers, order):
    try:
        do = order["do"]
        value = None
        if do == "open":
            peers[order["client"]] = Peer(order)
        elif do == "stream":
            peers[order["client"]] = asyncio.get_running_loop().create_task(stream(order))
        elif do == "call":
            value = await asyncio.to_thread(call, order)
        else:
            value = await peers[order["client"]].do(order)
        tell({"id": order["id"], "value": value})
    except Exception as error:
        tell({"id": order["id"], "error": failure(error)})


async def main():
    loop = asyncio.get_running_loop()
    # What the SDK reports of a handler that the test made raise.
    loop.set_exception_handler(
        lambda _, context: None if isinstance(context.get("exception"), Thrown) else loop.default_exception_handler(context)
    )
    reader = asyncio.StreamReader(limit=16 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    peers, tasks = {}, set()
    while line := await reader.readline():
        task = asyncio.create_task(obey(peers, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    # The test has gone: whatever still waits for the server is of no use to anybody.
    os._exit(0)


asyncio.run(main())
