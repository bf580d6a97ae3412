npm run engines -- start --kafka 3 --postgres
