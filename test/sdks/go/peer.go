package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

var waits = map[string]bool{"publish": true, "presence": true, "presenceStats": true, "history": true, "rpc": true}

// Peer is one client of the SDK.
type Peer struct {
	name   string
	client *centrifuge.Client
	mu     sync.Mutex
	subs   map[string]*centrifuge.Subscription
	armed  map[string]*trap
	held   map[string]chan struct{}
}

// trap is something to do inside of a handler, once.
type trap struct {
	act   string
	after int
}

func open(order Order) *Peer {
	peer := &Peer{name: order.Client, subs: map[string]*centrifuge.Subscription{}, armed: map[string]*trap{}, held: map[string]chan struct{}{}}
	// What the SDK was waiting for when a handler held it up, it gives up after this time alone.
	patience := 20 * time.Second
	if order.Patience > 0 {
		patience = time.Duration(order.Patience) * time.Millisecond
	}
	config := centrifuge.Config{
		Token: order.Token, Data: order.Data,
		ReadTimeout: patience, WriteTimeout: 20 * time.Second, HandshakeTimeout: 20 * time.Second,
		MinReconnectDelay: 10 * time.Millisecond, MaxReconnectDelay: 100 * time.Millisecond,
	}
	if order.Tokens != nil {
		next := peer.nextOf("", order.Tokens)
		config.GetToken = func(centrifuge.ConnectionTokenEvent) (string, error) { return next() }
	}
	if order.Form == "protobuf" {
		peer.client = centrifuge.NewProtobufClient(order.URL, config)
	} else {
		peer.client = centrifuge.NewJsonClient(order.URL, config)
	}
	peer.listen()
	return peer
}

// nextOf hands out tokens one after the other, and tells the test that it was asked.
func (p *Peer) nextOf(channel string, tokens []string) func() (string, error) {
	var mu sync.Mutex
	return func() (string, error) {
		mu.Lock()
		defer mu.Unlock()
		p.tell("asked", channel, object{})
		if len(tokens) == 0 {
			return "", centrifuge.ErrUnauthorized
		}
		token := tokens[0]
		tokens = tokens[1:]
		return token, nil
	}
}

func (p *Peer) tell(on, channel string, more object) {
	more["client"], more["on"] = p.name, on
	if channel != "" {
		more["channel"] = channel
	}
	tell(more)
}

func (p *Peer) listen() {
	c := p.client
	c.OnConnecting(func(e centrifuge.ConnectingEvent) { p.tell("connecting", "", object{"code": e.Code}) })
	c.OnConnected(func(e centrifuge.ConnectedEvent) {
		p.tell("connected", "", object{"id": e.ClientID, "data": raw(e.Data)})
	})
	c.OnDisconnected(func(e centrifuge.DisconnectedEvent) { p.tell("disconnected", "", object{"code": e.Code}) })
	c.OnError(func(e centrifuge.ErrorEvent) { p.tell("error", "", failure(e.Error)) })
	c.OnMessage(func(e centrifuge.MessageEvent) { p.tell("message", "", object{"data": raw(e.Data)}) })
	c.OnSubscribing(func(e centrifuge.ServerSubscribingEvent) { p.tell("subscribing", e.Channel, object{"server": true}) })
	c.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) {
		more := object{"server": true, "recovered": e.Recovered, "wasRecovering": e.WasRecovering, "recoverable": e.Recoverable, "data": raw(e.Data)}
		p.tell("subscribed", e.Channel, placed(more, e.StreamPosition))
		p.spring("subscribed", e.Channel)
	})
	c.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) { p.tell("unsubscribed", e.Channel, object{"server": true}) })
	c.OnPublication(func(e centrifuge.ServerPublicationEvent) { p.published(e.Channel, e.Publication, true) })
	c.OnJoin(func(e centrifuge.ServerJoinEvent) {
		p.tell("join", e.Channel, object{"info": info(&e.ClientInfo), "server": true})
	})
	c.OnLeave(func(e centrifuge.ServerLeaveEvent) {
		p.tell("leave", e.Channel, object{"info": info(&e.ClientInfo), "server": true})
	})
}

func (p *Peer) subscribe(order Order) error {
	config := centrifuge.SubscriptionConfig{
		Token: order.Token, Data: order.Data, Recoverable: order.Recoverable, Positioned: order.Positioned, JoinLeave: order.JoinLeave,
		MinResubscribeDelay: 10 * time.Millisecond, MaxResubscribeDelay: 100 * time.Millisecond,
	}
	if order.Tokens != nil {
		next := p.nextOf(order.Channel, order.Tokens)
		config.GetToken = func(centrifuge.SubscriptionTokenEvent) (string, error) { return next() }
	}
	if order.Delta {
		config.Delta = centrifuge.DeltaTypeFossil
	}
	sub, err := p.client.NewSubscription(order.Channel, config)
	if err != nil {
		return err
	}
	p.subs[order.Channel] = sub
	channel := order.Channel
	sub.OnSubscribing(func(e centrifuge.SubscribingEvent) { p.tell("subscribing", channel, object{"code": e.Code}) })
	sub.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		more := object{"recovered": e.Recovered, "wasRecovering": e.WasRecovering, "recoverable": e.Recoverable, "data": raw(e.Data)}
		p.tell("subscribed", channel, placed(more, e.StreamPosition))
		p.spring("subscribed", channel)
	})
	sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) { p.tell("unsubscribed", channel, object{"code": e.Code}) })
	sub.OnError(func(e centrifuge.SubscriptionErrorEvent) { p.tell("error", channel, failure(e.Error)) })
	sub.OnPublication(func(e centrifuge.PublicationEvent) { p.published(channel, e.Publication, false) })
	sub.OnJoin(func(e centrifuge.JoinEvent) { p.tell("join", channel, object{"info": info(&e.ClientInfo)}) })
	sub.OnLeave(func(e centrifuge.LeaveEvent) { p.tell("leave", channel, object{"info": info(&e.ClientInfo)}) })
	return sub.Subscribe()
}

func (p *Peer) published(channel string, pub centrifuge.Publication, server bool) {
	more := publication(pub)
	if server {
		more["server"] = true
	}
	p.tell("publication", channel, more)
	p.spring("publication", channel)
}

// spring does what the test wants to happen inside of this handler.
func (p *Peer) spring(on, channel string) {
	key := on + " " + channel
	p.mu.Lock()
	set := p.armed[key]
	if set == nil {
		p.mu.Unlock()
		return
	}
	if set.after > 0 {
		set.after--
		p.mu.Unlock()
		return
	}
	delete(p.armed, key)
	released := make(chan struct{})
	if set.act == "linger" {
		p.held[key] = released
	}
	p.mu.Unlock()
	p.tell("acted", channel, object{"act": set.act})
	switch set.act {
	case "unsubscribe":
		_ = p.subs[channel].Unsubscribe()
	case "disconnect":
		_ = p.client.Disconnect()
	case "linger":
		<-released
	}
}

func (p *Peer) obey(order Order) {
	value, err := p.do(order)
	answer(order.ID, value, err)
}

func (p *Peer) do(order Order) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	switch order.Do {
	case "connect":
		return nil, p.client.Connect()
	case "disconnect":
		return nil, p.client.Disconnect()
	case "close":
		p.client.Close()
		return nil, nil
	case "subscribe":
		return nil, p.subscribe(order)
	case "resubscribe":
		return nil, p.subs[order.Channel].Subscribe()
	case "unsubscribe":
		return nil, p.subs[order.Channel].Unsubscribe()
	case "arm":
		p.mu.Lock()
		defer p.mu.Unlock()
		p.armed[order.On+" "+order.Channel] = &trap{act: order.Act, after: order.After}
		return nil, nil
	case "release":
		p.mu.Lock()
		defer p.mu.Unlock()
		key := order.On + " " + order.Channel
		if held := p.held[key]; held != nil {
			close(held)
			delete(p.held, key)
		}
		return nil, nil
	case "publish":
		_, err := p.client.Publish(ctx, order.Channel, order.Data)
		return nil, err
	case "presence":
		result, err := p.client.Presence(ctx, order.Channel)
		clients := object{}
		for id, client := range result.Clients {
			clients[id] = info(&client)
		}
		return clients, err
	case "presenceStats":
		result, err := p.client.PresenceStats(ctx, order.Channel)
		return object{"clients": result.NumClients, "users": result.NumUsers}, err
	case "history":
		return p.history(ctx, order)
	case "rpc":
		result, err := p.client.RPC(ctx, order.Method, order.Data)
		return raw(result.Data), err
	}
	return nil, fmt.Errorf("no such command: %s", order.Do)
}

func (p *Peer) history(ctx context.Context, order Order) (any, error) {
	options := []centrifuge.HistoryOption{centrifuge.WithHistoryLimit(order.Limit), centrifuge.WithHistoryReverse(order.Reverse)}
	if order.Since != nil {
		options = append(options, centrifuge.WithHistorySince(&centrifuge.StreamPosition{Offset: order.Since.Offset, Epoch: order.Since.Epoch}))
	}
	result, err := p.client.History(ctx, order.Channel, options...)
	publications := []object{}
	for _, pub := range result.Publications {
		publications = append(publications, publication(pub))
	}
	return object{"publications": publications, "offset": result.Offset, "epoch": result.Epoch}, err
}

func publication(pub centrifuge.Publication) object {
	more := object{"data": raw(pub.Data), "offset": pub.Offset}
	if pub.Tags != nil {
		more["tags"] = pub.Tags
	}
	if pub.Info != nil {
		more["info"] = info(pub.Info)
	}
	return more
}

func info(client *centrifuge.ClientInfo) object {
	return object{"client": client.Client, "user": client.User, "connInfo": raw(client.ConnInfo), "chanInfo": raw(client.ChanInfo)}
}

func placed(more object, position *centrifuge.StreamPosition) object {
	if position != nil {
		more["offset"], more["epoch"] = position.Offset, position.Epoch
	}
	return more
}

func raw(data []byte) any {
	if len(data) == 0 {
		return nil
	}
	if !json.Valid(data) {
		return object{"invalid": string(data)}
	}
	return json.RawMessage(data)
}

func failure(err error) object {
	var known *centrifuge.Error
	if errors.As(err, &known) {
		return object{"code": known.Code, "message": known.Message}
	}
	return object{"code": 0, "message": err.Error()}
}
