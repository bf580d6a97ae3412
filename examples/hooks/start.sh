node examples/hooks/backend.mjs
bin/fanfare start --config examples/hooks/fanfare.json
