curl -X PUT localhost:7400/sports/games/north-12 -H "X-API-Key: $KEY" -d @game.json
curl -X POST localhost:7400/sports/games/north-12/events -H "X-API-Key: $KEY" -d @events.json
