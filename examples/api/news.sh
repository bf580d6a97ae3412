curl -X POST http://localhost:7400/api/publish -H "X-API-Key: $KEY" -d '{"channel": "news:AAPL", "data": {"text": "hello"}}'
# {"result":{"offset":1,"epoch":"kE4x"}}
