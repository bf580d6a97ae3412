package main

import (
	"net/http"
	"time"

	"github.com/r3labs/sse/v2"
	"gopkg.in/cenkalti/backoff.v1"
)

// stream hands out what r3labs/sse makes of an event stream, until the driver ends.
func stream(order Order) {
	client := sse.NewClient(order.URL)
	client.ReconnectStrategy = backoff.NewConstantBackOff(10 * time.Millisecond)
	client.ResponseValidator = func(_ *sse.Client, response *http.Response) error {
		tell(object{"client": order.Client, "on": "opened", "code": response.StatusCode})
		return nil
	}
	err := client.SubscribeRaw(func(event *sse.Event) {
		tell(object{"client": order.Client, "on": "event", "data": string(event.Data), "eventId": string(event.ID)})
	})
	tell(object{"client": order.Client, "on": "ended", "message": failureText(err)})
}

func failureText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
