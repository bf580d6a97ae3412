import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.centrifugal.centrifuge.ReplyError;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Lets a test drive centrifuge-java: it takes a command a line and prints an event a line, as JSON. */
final class Driver {
  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Map<String, Peer> peers = new HashMap<>();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonObject order = JsonParser.parseString(line).getAsJsonObject();
      int id = order.get("id").getAsInt();
      try {
        String name = text(order, "client", "");
        if (text(order, "do", "").equals("open")) {
          peers.put(name, new Peer(name, order));
          answer(id, JsonNull.INSTANCE);
        } else {
          peers.get(name).obey(id, order);
        }
      } catch (Exception error) {
        refuse(id, error);
      }
    }
    // The SDK's threads would keep the process.
    System.exit(0);
  }

  static void tell(JsonObject line) {
    byte[] bytes = (line.toString() + "\n").getBytes(StandardCharsets.UTF_8);
    synchronized (System.out) {
      System.out.write(bytes, 0, bytes.length);
      System.out.flush();
    }
  }

  static void answer(int id, JsonElement value) {
    JsonObject line = new JsonObject();
    line.addProperty("id", id);
    line.add("value", value);
    tell(line);
  }

  static void refuse(int id, Throwable error) {
    JsonObject line = new JsonObject();
    line.addProperty("id", id);
    line.add("error", failure(error));
    tell(line);
  }

  static JsonObject failure(Throwable error) {
    JsonObject failure = new JsonObject();
    Throwable cause = error;
    while (cause != null && !(cause instanceof ReplyError)) cause = cause.getCause();
    failure.addProperty("code", cause == null ? 0 : ((ReplyError) cause).getCode());
    failure.addProperty("message", String.valueOf(cause == null ? error : cause.getMessage()));
    return failure;
  }

  static String text(JsonObject order, String name, String otherwise) {
    return order.has(name) ? order.get(name).getAsString() : otherwise;
  }

  static boolean flag(JsonObject order, String name) {
    return order.has(name) && order.get(name).getAsBoolean();
  }

  static byte[] bytes(JsonElement data) {
    return data.toString().getBytes(StandardCharsets.UTF_8);
  }

  static JsonElement json(byte[] data) {
    if (data == null || data.length == 0) return JsonNull.INSTANCE;
    return JsonParser.parseString(new String(data, StandardCharsets.UTF_8));
  }
}
