// Command driver lets a test drive centrifuge-go and r3labs/sse: it takes a command a line and prints an event a line, as JSON.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
)

// Order is one command of the test.
type Order struct {
	ID          int             `json:"id"`
	Do          string          `json:"do"`
	Client      string          `json:"client"`
	URL         string          `json:"url"`
	Form        string          `json:"form"`
	Token       string          `json:"token"`
	Tokens      []string        `json:"tokens"`
	Channel     string          `json:"channel"`
	Recoverable bool            `json:"recoverable"`
	Positioned  bool            `json:"positioned"`
	JoinLeave   bool            `json:"joinLeave"`
	Delta       bool            `json:"delta"`
	Data        json.RawMessage `json:"data"`
	Method      string          `json:"method"`
	Limit       int32           `json:"limit"`
	Since       *Position       `json:"since"`
	Reverse     bool            `json:"reverse"`
	On          string          `json:"on"`
	Act         string          `json:"act"`
	After       int             `json:"after"`
	Patience    int             `json:"patience"`
}

// Position is a place in the history of a channel.
type Position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

type object = map[string]any

var printing sync.Mutex

func tell(line object) {
	printing.Lock()
	defer printing.Unlock()
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(text, '\n'))
}

func answer(id int, value any, err error) {
	if err != nil {
		tell(object{"id": id, "error": failure(err)})
		return
	}
	tell(object{"id": id, "value": value})
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	peers := map[string]*Peer{}
	for lines.Scan() {
		var order Order
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			panic(err)
		}
		switch order.Do {
		case "open":
			peers[order.Client] = open(order)
			answer(order.ID, nil, nil)
		case "stream":
			go stream(order)
			answer(order.ID, nil, nil)
		default:
			peer := peers[order.Client]
			// What waits for the server must not keep the next command waiting; what does not keeps its order.
			if waits[order.Do] {
				go peer.obey(order)
			} else {
				peer.obey(order)
			}
		}
	}
}
