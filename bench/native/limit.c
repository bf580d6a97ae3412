/* limit: the yardstick. Accepts, answers and sends, and does nothing else: what one core can deliver at best.
 *
 *   cc -O2 -o limit limit.c && ./limit PORT
 *
 * GET with "Upgrade: websocket"   joins as a WebSocket; the accept key is the one that answers RFC 6455's sample nonce, which load.c sends
 * GET otherwise                   joins as an event stream
 * POST, any path                  every line of the body goes to every client at once, as one text frame or one event; answered with 204
 *
 * Frames are built once for all clients, and every line is one send() to each of them. One publisher at a time.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILES = 1 << 20, BACKLOG = 4096, EVENTS = 512, REQUEST = 1 << 16 };
typedef enum { STRANGER, STREAM, WEBSOCKET } Kind;

static int clients[FILES], client_count, place[FILES], epoll;
static Kind kinds[FILES];
static char request[REQUEST];
static size_t request_bytes;

static const char stream_head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n";
static const char upgrade_head[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char accepted_head[] = "HTTP/1.1 204 No Content\r\n\r\n";

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int listener) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= FILES) { close(fd); continue; }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    kinds[fd] = STRANGER;
    watch(fd);
  }
}

static void join(int fd, Kind kind) {
  const char *head = kind == WEBSOCKET ? upgrade_head : stream_head;
  if (send(fd, head, strlen(head), MSG_NOSIGNAL) <= 0) return;
  kinds[fd] = kind;
  place[fd] = client_count;
  clients[client_count++] = fd;
}

static void leave(int fd) {
  if (kinds[fd] != STRANGER) {
    int last = clients[--client_count];
    clients[place[fd]] = last;
    place[last] = place[fd];
  }
  close(fd);
}

static void deliver(const char *line, size_t bytes) {
  static char event[REQUEST + 16], frame[REQUEST + 16];
  size_t event_bytes = sprintf(event, "data: "), frame_bytes = 0;
  memcpy(event + event_bytes, line, bytes);
  memcpy(event + event_bytes + bytes, "\n\n", 2);
  event_bytes += bytes + 2;
  frame[frame_bytes++] = (char)0x81;
  if (bytes < 126) frame[frame_bytes++] = bytes;
  else { frame[frame_bytes++] = 126; frame[frame_bytes++] = bytes >> 8; frame[frame_bytes++] = bytes & 255; }
  memcpy(frame + frame_bytes, line, bytes);
  frame_bytes += bytes;
  for (int i = 0; i < client_count; i++) {
    int fd = clients[i];
    if (kinds[fd] == WEBSOCKET) send(fd, frame, frame_bytes, MSG_NOSIGNAL);
    else send(fd, event, event_bytes, MSG_NOSIGNAL);
  }
}

/* A POST may come in pieces; it is handled once its Content-Length is there. */
static void publish(int fd) {
  request[request_bytes] = 0;
  char *body = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "content-length:");
  if (!body || !length) return;
  body += 4;
  size_t expected = strtoul(length + 15, NULL, 10);
  if (request_bytes - (body - request) < expected) return;
  for (char *line = body, *end = body + expected; line < end;) {
    char *stop = memchr(line, '\n', end - line);
    if (!stop) stop = end;
    if (stop > line) deliver(line, stop - line);
    line = stop + 1;
  }
  request_bytes = 0;
  send(fd, accepted_head, strlen(accepted_head), MSG_NOSIGNAL);
}

static void receive(int fd) {
  static char bytes[REQUEST];
  ssize_t count = read(fd, bytes, sizeof bytes - 1);
  if (count <= 0) { leave(fd); return; }
  if (kinds[fd] != STRANGER) return;
  bytes[count] = 0;
  if (!strncmp(bytes, "GET ", 4)) { join(fd, strcasestr(bytes, "upgrade: websocket") ? WEBSOCKET : STREAM); return; }
  if (request_bytes + count >= REQUEST) { request_bytes = 0; leave(fd); return; }
  memcpy(request + request_bytes, bytes, count);
  request_bytes += count;
  publish(fd);
}

int main(int argc, char **argv) {
  if (argc != 2) { fprintf(stderr, "usage: limit PORT\n"); return 2; }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, BACKLOG)) { perror("limit"); return 1; }
  epoll = epoll_create1(0);
  watch(listener);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == listener) accept_all(listener);
      else receive(events[i].data.fd);
    }
  }
}
