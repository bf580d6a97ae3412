curl -X POST localhost:7400/api/publish -H "X-API-Key: $KEY" -d '{"channel":"orders:ada","data":{"status":"shipped"}}'
