vcl 4.1;

backend fanfare {
  .host = "127.0.0.1";
  .port = "7400";
  .first_byte_timeout = 30s;
  .between_bytes_timeout = 30s;
}

sub vcl_recv {
  if (req.url ~ "^/sports/games/[^/]+/(chunks/|sse/|latest|snapshot)") {
    unset req.http.Cookie;
    unset req.http.Authorization;
    unset req.http.Last-Event-ID;
    return (hash);
  }
  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe);
  }
  return (pass);
}

sub vcl_pipe {
  set bereq.http.Upgrade = req.http.Upgrade;
  set bereq.http.Connection = req.http.Connection;
}

sub vcl_backend_response {
  if (bereq.url ~ "^/sports/games/[^/]+/(chunks/|sse/|latest|snapshot)") {
    if (beresp.status == 204) {
      set beresp.ttl = 1s;
      set beresp.grace = 0s;
    } else if (beresp.http.Cache-Control ~ "no-store") {
      set beresp.ttl = 0s;
      set beresp.grace = 0s;
    } else if (bereq.url ~ "/sse/") {
      set beresp.grace = 0s;
    }
    return (deliver);
  }
}
