fanfare relay --upstream ws://127.0.0.1:7400 --data ./data
