curl -N 'localhost:7400/sse?channel=sports:game_arg-fra-2022'
