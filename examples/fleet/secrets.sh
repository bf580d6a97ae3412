for name in FANFARE_NODE_SECRET FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY FANFARE_HTTP_API_KEY
do echo "export $name=$(openssl rand -hex 32)"
done > secrets.env
