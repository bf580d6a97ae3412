. ./secrets.env
curl -N 'http://localhost:7400/sse?channel=news:today' &
sleep 1
curl -X POST http://localhost:7400/api/publish -H "X-API-Key: $FANFARE_HTTP_API_KEY" \
  -d '{"channel":"news:today","data":"it rains"}'
