. ./secrets.env
for n in 1 2 3
do fanfare start --config fanfare.json --port 740$n --data node-$n > node-$n.log 2>&1 &
done
haproxy -f haproxy.cfg
