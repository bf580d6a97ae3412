FANFARE_NODE_SECRET=… fanfare start --host 0.0.0.0 --port 7400 --config fanfare.json
FANFARE_NODE_SECRET=… fanfare relay --upstream ws://central:7400 --port 7410 --region eu --config relay.json
FANFARE_NODE_SECRET=… fanfare relay --upstream ws://eu-1:7410,ws://eu-2:7410 --port 7420
