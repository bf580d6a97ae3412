import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.*;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** One client of the SDK. */
final class Peer {
  private final String name;
  private final Client client;
  private final Map<String, Subscription> subs = new ConcurrentHashMap<>();
  private final Map<String, Trap> armed = new HashMap<>();
  private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();

  /** Something to do inside of a handler, once. */
  private static final class Trap {
    final String act;
    int after;

    Trap(String act, int after) {
      this.act = act;
      this.after = after;
    }
  }

  /** The SDK prints where it came from, which is known. */
  private static final class Thrown extends RuntimeException {
    Thrown() {
      super("as the test wants it", null, false, false);
    }
  }

  Peer(String name, JsonObject order) {
    this.name = name;
    Options options = new Options();
    options.setToken(Driver.text(order, "token", ""));
    options.setTimeout(20_000);
    options.setMaxServerPingDelay(20_000);
    options.setMinReconnectDelay(10);
    options.setMaxReconnectDelay(100);
    if (order.has("data")) options.setData(Driver.bytes(order.get("data")));
    if (order.has("tokens")) {
      Deque<String> tokens = tokensOf(order);
      options.setTokenGetter(
          new ConnectionTokenGetter() {
            @Override
            public void getConnectionToken(ConnectionTokenEvent event, TokenCallback callback) {
              hand(tokens, null, callback);
            }
          });
    }
    client = new Client(order.get("url").getAsString(), options, new Listener());
  }

  private static Deque<String> tokensOf(JsonObject order) {
    Deque<String> tokens = new ArrayDeque<>();
    for (JsonElement token : order.getAsJsonArray("tokens")) tokens.add(token.getAsString());
    return tokens;
  }

  private void hand(Deque<String> tokens, String channel, TokenCallback callback) {
    tell("asked", channel, new JsonObject());
    String token = tokens.poll();
    if (token == null) callback.Done(new UnauthorizedException(), "");
    else callback.Done(null, token);
  }

  private void tell(String on, String channel, JsonObject more) {
    more.addProperty("client", name);
    more.addProperty("on", on);
    if (channel != null) more.addProperty("channel", channel);
    Driver.tell(more);
  }

  /** Does what the test wants to happen inside of this handler. */
  private void spring(String on, String channel) {
    String key = on + " " + channel;
    Trap trap;
    CountDownLatch released = new CountDownLatch(1);
    synchronized (armed) {
      trap = armed.get(key);
      if (trap == null || trap.after-- > 0) return;
      armed.remove(key);
      if (trap.act.equals("linger")) held.put(key, released);
    }
    JsonObject more = new JsonObject();
    more.addProperty("act", trap.act);
    tell("acted", channel, more);
    switch (trap.act) {
      case "unsubscribe":
        subs.get(channel).unsubscribe();
        break;
      case "disconnect":
        client.disconnect();
        break;
      case "throw":
        throw new Thrown();
      default:
        try {
          released.await();
        } catch (InterruptedException error) {
          Thread.currentThread().interrupt();
        }
    }
  }

  void obey(int id, JsonObject order) throws Exception {
    String channel = Driver.text(order, "channel", "");
    String key = Driver.text(order, "on", "") + " " + channel;
    switch (order.get("do").getAsString()) {
      case "connect":
        client.connect();
        break;
      case "disconnect":
        client.disconnect();
        break;
      case "close":
        client.close(5_000);
        break;
      case "subscribe":
        subscribe(channel, order);
        break;
      case "resubscribe":
        subs.get(channel).subscribe();
        break;
      case "unsubscribe":
        subs.get(channel).unsubscribe();
        break;
      case "arm":
        synchronized (armed) {
          armed.put(key, new Trap(order.get("act").getAsString(), order.has("after") ? order.get("after").getAsInt() : 0));
        }
        break;
      case "release":
        CountDownLatch latch = held.remove(key);
        if (latch != null) latch.countDown();
        break;
      default:
        ask(id, channel, order);
        return;
    }
    Driver.answer(id, JsonNull.INSTANCE);
  }

  private void ask(int id, String channel, JsonObject order) {
    switch (order.get("do").getAsString()) {
      case "publish":
        client.publish(channel, Driver.bytes(order.get("data")), (error, result) -> reply(id, error, JsonNull.INSTANCE));
        return;
      case "presence":
        client.presence(channel, (error, result) -> {
          JsonObject clients = new JsonObject();
          if (error == null) result.getClients().forEach((client, info) -> clients.add(client, info(info)));
          reply(id, error, clients);
        });
        return;
      case "presenceStats":
        client.presenceStats(channel, (error, result) -> {
          JsonObject stats = new JsonObject();
          if (error == null) {
            stats.addProperty("clients", result.getNumClients());
            stats.addProperty("users", result.getNumUsers());
          }
          reply(id, error, stats);
        });
        return;
      case "history":
        client.history(channel, historyOf(order), (error, result) -> {
          JsonObject history = new JsonObject();
          if (error == null) {
            JsonArray publications = new JsonArray();
            for (Publication pub : result.getPublications()) publications.add(publication(pub.getData(), pub.getOffset(), pub.getInfo()));
            history.add("publications", publications);
            history.addProperty("offset", result.getOffset());
            history.addProperty("epoch", result.getEpoch());
          }
          reply(id, error, history);
        });
        return;
      case "rpc":
        byte[] data = Driver.bytes(order.get("data"));
        client.rpc(order.get("method").getAsString(), data, (error, result) -> reply(id, error, error == null ? Driver.json(result.getData()) : null));
        return;
      default:
        throw new IllegalArgumentException("no such command");
    }
  }

  private static void reply(int id, Throwable error, JsonElement value) {
    if (error == null) Driver.answer(id, value);
    else Driver.refuse(id, error);
  }

  private static HistoryOptions historyOf(JsonObject order) {
    HistoryOptions.Builder options = new HistoryOptions.Builder();
    if (order.has("limit")) options.withLimit(order.get("limit").getAsInt());
    options.withReverse(Driver.flag(order, "reverse"));
    if (order.has("since")) {
      JsonObject since = order.getAsJsonObject("since");
      options.withSince(new StreamPosition(since.get("offset").getAsLong(), since.get("epoch").getAsString()));
    }
    return options.build();
  }

  private void subscribe(String channel, JsonObject order) throws DuplicateSubscriptionException {
    SubscriptionOptions options = new SubscriptionOptions();
    options.setToken(Driver.text(order, "token", ""));
    options.setRecoverable(Driver.flag(order, "recoverable"));
    options.setPositioned(Driver.flag(order, "positioned"));
    options.setJoinLeave(Driver.flag(order, "joinLeave"));
    options.setMinResubscribeDelay(10);
    options.setMaxResubscribeDelay(100);
    if (order.has("data")) options.setData(Driver.bytes(order.get("data")));
    if (order.has("tokens")) {
      Deque<String> tokens = tokensOf(order);
      options.setTokenGetter(
          new SubscriptionTokenGetter() {
            @Override
            public void getSubscriptionToken(SubscriptionTokenEvent event, TokenCallback callback) {
              hand(tokens, channel, callback);
            }
          });
    }
    Subscription sub = client.newSubscription(channel, options, new SubscriptionListener(channel));
    subs.put(channel, sub);
    sub.subscribe();
  }

  private static JsonObject code(int code) {
    JsonObject more = new JsonObject();
    more.addProperty("code", code);
    return more;
  }

  private static JsonObject server() {
    JsonObject more = new JsonObject();
    more.addProperty("server", true);
    return more;
  }

  private static JsonObject publication(byte[] data, long offset, ClientInfo info) {
    JsonObject publication = new JsonObject();
    publication.add("data", Driver.json(data));
    publication.addProperty("offset", offset);
    if (info != null && !info.getClient().isEmpty()) publication.add("info", info(info));
    return publication;
  }

  private static void tag(JsonObject publication, Map<String, String> tags) {
    if (tags == null || tags.isEmpty()) return;
    JsonObject all = new JsonObject();
    tags.forEach(all::addProperty);
    publication.add("tags", all);
  }

  private static JsonObject info(ClientInfo info) {
    JsonObject told = new JsonObject();
    told.addProperty("client", info.getClient());
    told.addProperty("user", info.getUser());
    told.add("connInfo", Driver.json(info.getConnInfo()));
    told.add("chanInfo", Driver.json(info.getChanInfo()));
    return told;
  }

  /** Without the position: the SDK keeps to itself what is in it. */
  private static JsonObject recovery(JsonObject more, boolean recovered, boolean wasRecovering, boolean recoverable, byte[] data) {
    more.addProperty("recovered", recovered);
    more.addProperty("wasRecovering", wasRecovering);
    more.addProperty("recoverable", recoverable);
    more.add("data", Driver.json(data));
    return more;
  }

  private final class Listener extends EventListener {
    @Override
    public void onConnecting(Client client, ConnectingEvent event) {
      tell("connecting", null, code(event.getCode()));
    }

    @Override
    public void onConnected(Client client, ConnectedEvent event) {
      JsonObject more = new JsonObject();
      more.addProperty("id", event.getClient());
      more.add("data", Driver.json(event.getData()));
      tell("connected", null, more);
    }

    @Override
    public void onDisconnected(Client client, DisconnectedEvent event) {
      tell("disconnected", null, code(event.getCode()));
    }

    @Override
    public void onError(Client client, ErrorEvent event) {
      tell("error", null, Driver.failure(event.getError()));
    }

    @Override
    public void onMessage(Client client, MessageEvent event) {
      JsonObject more = new JsonObject();
      more.add("data", Driver.json(event.getData()));
      tell("message", null, more);
    }

    @Override
    public void onSubscribing(Client client, ServerSubscribingEvent event) {
      tell("subscribing", event.getChannel(), server());
    }

    @Override
    public void onSubscribed(Client client, ServerSubscribedEvent event) {
      JsonObject more = recovery(server(), event.getRecovered(), event.wasRecovering(), event.getRecoverable(), event.getData());
      tell("subscribed", event.getChannel(), more);
      spring("subscribed", event.getChannel());
    }

    @Override
    public void onUnsubscribed(Client client, ServerUnsubscribedEvent event) {
      tell("unsubscribed", event.getChannel(), server());
    }

    @Override
    public void onPublication(Client client, ServerPublicationEvent event) {
      JsonObject more = publication(event.getData(), event.getOffset(), event.getInfo());
      tag(more, event.getTags());
      more.addProperty("server", true);
      tell("publication", event.getChannel(), more);
      spring("publication", event.getChannel());
    }

    @Override
    public void onJoin(Client client, ServerJoinEvent event) {
      JsonObject more = server();
      more.add("info", info(event.getInfo()));
      tell("join", event.getChannel(), more);
    }

    @Override
    public void onLeave(Client client, ServerLeaveEvent event) {
      JsonObject more = server();
      more.add("info", info(event.getInfo()));
      tell("leave", event.getChannel(), more);
    }
  }

  private final class SubscriptionListener extends SubscriptionEventListener {
    private final String channel;

    SubscriptionListener(String channel) {
      this.channel = channel;
    }

    @Override
    public void onSubscribing(Subscription sub, SubscribingEvent event) {
      tell("subscribing", channel, code(event.getCode()));
    }

    @Override
    public void onSubscribed(Subscription sub, SubscribedEvent event) {
      JsonObject more = new JsonObject();
      recovery(more, event.getRecovered(), event.wasRecovering(), event.getRecoverable(), event.getData());
      tell("subscribed", channel, more);
      spring("subscribed", channel);
    }

    @Override
    public void onUnsubscribed(Subscription sub, UnsubscribedEvent event) {
      tell("unsubscribed", channel, code(event.getCode()));
    }

    @Override
    public void onError(Subscription sub, SubscriptionErrorEvent event) {
      tell("error", channel, Driver.failure(event.getError()));
    }

    @Override
    public void onPublication(Subscription sub, PublicationEvent event) {
      JsonObject more = publication(event.getData(), event.getOffset(), event.getInfo());
      tag(more, event.getTags());
      tell("publication", channel, more);
      spring("publication", channel);
    }

    @Override
    public void onJoin(Subscription sub, JoinEvent event) {
      JsonObject more = new JsonObject();
      more.add("info", info(event.getInfo()));
      tell("join", channel, more);
    }

    @Override
    public void onLeave(Subscription sub, LeaveEvent event) {
      JsonObject more = new JsonObject();
      more.add("info", info(event.getInfo()));
      tell("leave", channel, more);
    }
  }
}
