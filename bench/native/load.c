/* load: holds many event streams or WebSockets open and accounts for every message on each of them.
 *
 *   cc -O2 -o load load.c && ./load [options] sse|ws HOST PORT PATH
 *
 *   -n N          connections (1000)
 *   -p N          processes that share them (1): one process may open as many files as its limit says, and on the loopback each
 *                 process comes from an address of its own, 127.0.0.1, 127.0.0.2, ..., so that local ports do not run out
 *   -r N          connections opened a second (0: as fast as they are answered)
 *   -f N          connections in the opening at once (256)
 *   -i TEXT       text frame sent once a WebSocket is open; repeatable, joined by line breaks
 *   -e TEXT       a connection is open once a message with this text came (default: once the response head is there)
 *   -m TEXT       what begins a message within an event or a frame; each one counts, so that a batch counts as what is in it
 *                 (default: every event, and every line of a frame, that comes after the connection is open)
 *   -a PING=PONG  a message that is exactly PING is answered with PONG and not counted; repeatable ("{}={}", "2=3")
 *   -H LINE       request header; repeatable
 *   -s SECONDS    counts for so long, prints the report and ends; without it, orders are read from the standard input
 *
 * "{i}" in PATH and in -i becomes the connection's number. Every answer is one line of JSON on the standard output:
 *
 *   (at first)    {"wanted","open","refused","seconds"}      once every connection is open or refused
 *   begin         {"begun"}                                  forgets what was counted
 *   wait N MS     {"waited","short"}                         when every connection has N messages, or MS have passed; short: those that have fewer
 *   end           the report since begin
 *
 * A message with "n":<number> is checked against the one before on its connection: each number that was left out is a gap, each that had been
 * passed is a repeat. A message with "ts":<unix time in microseconds> gives a latency. "reads" counts the calls of recv that brought bytes;
 * "segments" counts the TCP segments with data that the kernel took in (TCP_INFO): with TCP_NODELAY on the other side that is its small writes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { RECEIVE = 1 << 18, WORK = 1 << 22, EVENTS = 1024, LISTS = 16, TEXT = 8192, PROCESSES = 256, TICK_MS = 20 };
enum { STEPS = 64, BUCKETS = 2560 };

typedef enum { CONNECTING, HANDSHAKING, JOINING, OPEN, CLOSED } State;
typedef enum { NOT_CHUNKED, CHUNK_SIZE, CHUNK_BODY, CHUNK_END } Chunk;
typedef struct { int fd, number; State state; Chunk chunk; long chunk_left, seen, last; unsigned segments; char *held; size_t held_bytes; } Connection;
typedef struct { enum { BEGIN, WAIT, END } kind; long count, ms; } Order;
typedef struct { long wanted, open, refused; double seconds; } Opening;
typedef struct {
  long messages, bytes, reads, segments, gaps, repeats, closed, fewest, most, timed, latency_max;
  double seconds;
  long latency[BUCKETS];
} Report;
typedef struct { const char *ping, *pong; } Answer;

static bool websocket;
static const char *host, *path, *match, *open_text, *headers[LISTS], *inits[LISTS];
static Answer answers[LISTS];
static int port, header_count, init_count, answer_count, in_flight = 256;
static double open_rate;

static Connection *connections;
static int count, epoll;
static long ready, closed;
static bool counting;
static Report report;
static char work[WORK];

static double now_s(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static int64_t unix_us(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return t.tv_sec * 1000000LL + t.tv_nsec / 1000; }
static void fail(const char *what) { perror(what); exit(1); }

/* Latencies in microseconds, STEPS buckets to every power of two: within 1.6 % of the true value. */
static int bucket_of(int64_t us) {
  if (us < STEPS) return us < 0 ? 0 : us;
  int power = 63 - __builtin_clzll(us), bucket = (power - 5) * STEPS + (us >> (power - 6)) - STEPS;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}
static double value_of(int bucket) { return bucket < STEPS ? bucket : (double)((int64_t)(bucket % STEPS + STEPS) << (bucket / STEPS - 1)); }

static void read_all(int fd, void *to, size_t bytes) {
  for (size_t at = 0; at < bytes;) { ssize_t got = read(fd, (char *)to + at, bytes - at); if (got <= 0) exit(1); at += got; }
}
static void write_all(int fd, const void *from, size_t bytes) {
  for (size_t at = 0; at < bytes;) { ssize_t put = write(fd, (const char *)from + at, bytes - at); if (put <= 0) exit(1); at += put; }
}

/* Copies text with every {i} replaced. */
static void numbered(char *to, const char *text, int number) {
  char *end = to + TEXT - 16;
  while (*text && to < end) {
    if (!strncmp(text, "{i}", 3)) { to += sprintf(to, "%d", number); text += 3; } else *to++ = *text++;
  }
  *to = 0;
}

/* ---- one connection ---- */

static void end_connection(Connection *c) {
  if (c->state == CLOSED) return;
  if (c->state == OPEN) ready--;
  close(c->fd);
  free(c->held);
  c->held = NULL;
  c->held_bytes = 0;
  c->state = CLOSED;
  closed++;
}

static unsigned segments_in(Connection *c) {
  struct tcp_info info = {0};
  socklen_t bytes = sizeof info;
  return c->state == CLOSED || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) ? 0 : info.tcpi_data_segs_in;
}

/* A frame masked with the key 0 is as good as any here. */
static void send_frame(Connection *c, int opcode, const char *text, size_t bytes) {
  unsigned char frame[TEXT + 16];
  size_t head = 0;
  if (bytes > TEXT) { fprintf(stderr, "load: text too long to send\n"); exit(2); }
  frame[head++] = 0x80 | opcode;
  if (bytes < 126) frame[head++] = 0x80 | bytes;
  else { frame[head++] = 0x80 | 126; frame[head++] = bytes >> 8; frame[head++] = bytes & 255; }
  memset(frame + head, 0, 4);
  memcpy(frame + head + 4, text, bytes);
  if (send(c->fd, frame, head + 4 + bytes, MSG_NOSIGNAL) < 0) end_connection(c);
}

static void became_open(Connection *c) { c->state = OPEN; ready++; }

static long number_after(const char *p, size_t bytes, const char *name, size_t name_bytes) {
  const char *at = memmem(p, bytes, name, name_bytes);
  return at ? strtoll(at + name_bytes, NULL, 10) : -1;
}

static long wait_count, waiting_for;

static void count_message(Connection *c, const char *p, size_t bytes, int64_t at_us) {
  report.messages++;
  if (++c->seen == wait_count) waiting_for--;
  long number = number_after(p, bytes, "\"n\":", 4), sent_us = number_after(p, bytes, "\"ts\":", 5);
  if (number >= 0) {
    if (c->last >= 0 && number <= c->last) report.repeats++;
    if (c->last >= 0 && number > c->last + 1) report.gaps += number - c->last - 1;
    if (number > c->last) c->last = number;
  }
  if (sent_us >= 0) {
    int64_t us = at_us - sent_us;
    report.latency[bucket_of(us)]++;
    report.timed++;
    if (us > report.latency_max) report.latency_max = us;
  }
}

static void take_message(Connection *c, const char *p, size_t bytes, int64_t at_us) {
  for (int i = 0; i < answer_count; i++) {
    if (strlen(answers[i].ping) == bytes && !memcmp(answers[i].ping, p, bytes)) { send_frame(c, 1, answers[i].pong, strlen(answers[i].pong)); return; }
  }
  if (c->state == JOINING) {
    if (memmem(p, bytes, open_text, strlen(open_text))) became_open(c);
    return;
  }
  if (!counting) return;
  if (!match) { count_message(c, p, bytes, at_us); return; }
  size_t match_bytes = strlen(match);
  const char *end = p + bytes, *begin = memmem(p, bytes, match, match_bytes);
  while (begin) {
    const char *next = memmem(begin + match_bytes, end - begin - match_bytes, match, match_bytes);
    count_message(c, begin, (next ? next : end) - begin, at_us);
    begin = next;
  }
}

/* Takes the chunk framing out of what came; the state outlives the read. Returns the bytes written to `to`. */
static size_t dechunk(Connection *c, const char *from, size_t bytes, char *to) {
  size_t written = 0;
  for (size_t i = 0; i < bytes;) {
    if (c->chunk == CHUNK_BODY) {
      size_t part = (size_t)c->chunk_left < bytes - i ? (size_t)c->chunk_left : bytes - i;
      memcpy(to + written, from + i, part);
      written += part;
      i += part;
      c->chunk_left -= part;
      if (!c->chunk_left) c->chunk = CHUNK_END;
      continue;
    }
    char byte = from[i++];
    if (c->chunk == CHUNK_END) { if (byte == '\n') { c->chunk = CHUNK_SIZE; c->chunk_left = 0; } continue; }
    if (byte == '\n') { if (!c->chunk_left) { end_connection(c); return written; } c->chunk = CHUNK_BODY; }
    else if (byte >= '0' && byte <= '9') c->chunk_left = c->chunk_left * 16 + byte - '0';
    else if ((byte | 32) >= 'a' && (byte | 32) <= 'f') c->chunk_left = c->chunk_left * 16 + (byte | 32) - 'a' + 10;
  }
  return written;
}

/* Each takes the whole messages from [p, end) and returns where the incomplete rest begins. */
static char *take_frames(Connection *c, char *p, char *end, int64_t at_us) {
  while (end - p >= 2 && c->state != CLOSED) {
    unsigned char *f = (unsigned char *)p;
    size_t bytes = f[1] & 127, head = 2;
    if (bytes == 126) { if (end - p < 4) break; bytes = f[2] << 8 | f[3]; head = 4; }
    else if (bytes == 127) { if (end - p < 10) break; bytes = 0; for (int i = 2; i < 10; i++) bytes = bytes << 8 | f[i]; head = 10; }
    if ((size_t)(end - p) < head + bytes) break;
    char *text = p + head, *stop = text + bytes;
    int opcode = f[0] & 15;
    if (opcode == 8) end_connection(c);
    if (opcode == 9) send_frame(c, 10, text, bytes);
    while (opcode < 3 && text < stop) {
      char *line = memchr(text, '\n', stop - text);
      if (!line) line = stop;
      if (line > text) take_message(c, text, line - text, at_us);
      text = line + 1;
    }
    p = stop;
  }
  return p;
}
static char *take_events(Connection *c, char *p, char *end, int64_t at_us) {
  for (char *stop; (stop = memmem(p, end - p, "\n\n", 2)); p = stop + 2) {
    if (!strncmp(p, "data:", 5) || memmem(p, stop - p, "\ndata:", 6)) take_message(c, p, stop - p, at_us);
  }
  return p;
}

static void hold(Connection *c, const char *from, size_t bytes) {
  if (c->state == CLOSED) return;
  if (!bytes) { free(c->held); c->held = NULL; c->held_bytes = 0; return; }
  if (bytes > c->held_bytes && !(c->held = realloc(c->held, bytes))) fail("load: memory");
  memcpy(c->held, from, bytes);
  c->held_bytes = bytes;
}

static char *take_head(Connection *c, char *p, char *end) {
  char *stop = memmem(p, end - p, "\r\n\r\n", 4);
  if (!stop) return NULL;
  *stop = 0;
  if (strncmp(p + 9, websocket ? "101" : "200", 3)) { end_connection(c); return NULL; }
  if (strcasestr(p, "transfer-encoding: chunked")) c->chunk = CHUNK_SIZE;
  c->state = JOINING;
  if (!open_text) became_open(c);
  if (init_count) {
    static char text[LISTS * TEXT];
    char *at = text;
    for (int i = 0; i < init_count; i++) { if (i) *at++ = '\n'; numbered(at, inits[i], c->number); at += strlen(at); }
    send_frame(c, 1, text, at - text);
  }
  return stop + 4;
}

static void received(Connection *c, char *bytes, size_t size) {
  int64_t at_us = unix_us();
  size_t have = c->held_bytes;
  if (have + size > WORK) { end_connection(c); return; }
  if (have) memcpy(work, c->held, have);
  if (c->state == HANDSHAKING) {
    memcpy(work + have, bytes, size);
    char *rest = take_head(c, work, work + have + size);
    if (!rest) { hold(c, work, have + size); return; }
    size = work + have + size - rest;
    have = 0;
    bytes = rest;
  }
  if (c->chunk == NOT_CHUNKED) memmove(work + have, bytes, size);
  else {
    static char decoded[RECEIVE + WORK];
    size = dechunk(c, bytes, size, decoded);
    memcpy(work + have, decoded, size);
  }
  char *end = work + have + size, *rest = websocket ? take_frames(c, work, end, at_us) : take_events(c, work, end, at_us);
  hold(c, rest, end - rest);
}

static void connected(Connection *c) {
  static char request[LISTS * TEXT], own_path[TEXT];
  numbered(own_path, path, c->number);
  int at = sprintf(request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n", own_path, host, port);
  for (int i = 0; i < header_count; i++) at += sprintf(request + at, "%s\r\n", headers[i]);
  at += sprintf(request + at, websocket ? "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                                        : "Accept: text/event-stream\r\n\r\n");
  if (send(c->fd, request, at, MSG_NOSIGNAL) != at) { end_connection(c); return; }
  c->state = HANDSHAKING;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void happened(Connection *c, unsigned events) {
  static char bytes[RECEIVE];
  if (c->state == CLOSED) return;
  if (c->state == CONNECTING && (events & EPOLLOUT) && !(events & EPOLLERR)) { connected(c); return; }
  if (events & EPOLLIN) {
    ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
    if (got > 0) {
      if (counting) { report.reads++; report.bytes += got; }
      received(c, bytes, got);
    } else if (got == 0 || errno != EAGAIN) end_connection(c);
  } else if (events & (EPOLLERR | EPOLLHUP)) end_connection(c);
}

/* ---- one process ---- */

static void open_one(Connection *c, int number, const struct sockaddr_in *to, const struct sockaddr_in *from) {
  int one = 1;
  *c = (Connection){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .number = number, .last = -1};
  if (c->fd < 0) fail("load: socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (from->sin_addr.s_addr) {
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (const void *)from, sizeof *from)) fail("load: bind");
  }
  if (connect(c->fd, (const void *)to, sizeof *to) && errno != EINPROGRESS) fail("load: connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

/* One turn: whatever happened on the connections; true when an order has come. */
static bool turn(int ms) {
  struct epoll_event events[EVENTS];
  bool ordered = false;
  int happenings = epoll_wait(epoll, events, EVENTS, ms);
  for (int i = 0; i < happenings; i++) {
    if (events[i].data.ptr) happened(events[i].data.ptr, events[i].events); else ordered = true;
  }
  return ordered;
}

static void open_all(int first, int process, int control) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)}, from = {.sin_family = AF_INET};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) { fprintf(stderr, "load: HOST must be an IPv4 address\n"); exit(2); }
  if (process && !strncmp(host, "127.", 4)) from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + process);
  double start = now_s();
  for (int opened = 0; ready + closed < count;) {
    double due = open_rate > 0 ? (now_s() - start) * open_rate + 1 : count;
    while (opened < count && opened < due && opened - ready - closed < in_flight) { open_one(&connections[opened], first + opened, &to, &from); opened++; }
    turn(open_rate > 0 ? 1 : TICK_MS);
  }
  Opening opening = {.wanted = count, .open = ready, .refused = closed, .seconds = now_s() - start};
  write_all(control, &opening, sizeof opening);
}

static double begun_s;

static void begin(void) {
  memset(&report, 0, sizeof report);
  for (int i = 0; i < count; i++) { connections[i].seen = 0; connections[i].last = -1; connections[i].segments = segments_in(&connections[i]); }
  counting = true;
  begun_s = now_s();
}

static void end(void) {
  counting = false;
  report.seconds = now_s() - begun_s;
  report.closed = closed;
  report.fewest = count ? connections[0].seen : 0;
  for (int i = 0; i < count; i++) {
    Connection *c = &connections[i];
    if (c->seen < report.fewest) report.fewest = c->seen;
    if (c->seen > report.most) report.most = c->seen;
    unsigned segments = segments_in(c);
    if (segments) report.segments += segments - c->segments;
  }
}

static long wait_for(long messages, double until_s) {
  wait_count = messages;
  waiting_for = 0;
  for (int i = 0; i < count; i++) if (connections[i].seen < messages) waiting_for++;
  while (waiting_for > 0 && now_s() < until_s) turn(TICK_MS);
  long still = waiting_for;
  wait_count = 0;
  return still;
}

static void run(int first, int process, int control) {
  connections = calloc(count ? count : 1, sizeof *connections);
  epoll = epoll_create1(0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  open_all(first, process, control);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, control, &event);
  for (;;) {
    if (!turn(-1)) continue;
    Order order;
    read_all(control, &order, sizeof order);
    long answer = 0;
    if (order.kind == BEGIN) begin();
    if (order.kind == WAIT) answer = wait_for(order.count, now_s() + order.ms / 1e3);
    if (order.kind == END) { end(); write_all(control, &report, sizeof report); continue; }
    write_all(control, &answer, sizeof answer);
  }
}

/* ---- the process that was started ---- */

static int controls[PROCESSES], processes = 1;

static long order_all(Order order) {
  long sum = 0, answer;
  for (int i = 0; i < processes; i++) write_all(controls[i], &order, sizeof order);
  for (int i = 0; order.kind != END && i < processes; i++) { read_all(controls[i], &answer, sizeof answer); sum += answer; }
  return sum;
}

static double quantile(const Report *r, double share) {
  long sum = 0;
  for (int b = 0; b < BUCKETS; b++) if (r->timed && (sum += r->latency[b]) >= share * r->timed) return value_of(b) / 1000;
  return 0;
}

static void print_report(void) {
  static Report all, one;
  memset(&all, 0, sizeof all);
  order_all((Order){.kind = END});
  for (int i = 0; i < processes; i++) {
    read_all(controls[i], &one, sizeof one);
    all.messages += one.messages; all.bytes += one.bytes; all.reads += one.reads; all.segments += one.segments; all.gaps += one.gaps;
    all.repeats += one.repeats; all.closed += one.closed; all.timed += one.timed;
    if (!i || one.fewest < all.fewest) all.fewest = one.fewest;
    if (one.most > all.most) all.most = one.most;
    if (one.seconds > all.seconds) all.seconds = one.seconds;
    if (one.latency_max > all.latency_max) all.latency_max = one.latency_max;
    for (int b = 0; b < BUCKETS; b++) all.latency[b] += one.latency[b];
  }
  printf("{\"messages\":%ld,\"fewest\":%ld,\"most\":%ld,\"gaps\":%ld,\"repeats\":%ld,\"closed\":%ld,\"bytes\":%ld,\"reads\":%ld,\"segments\":%ld,\"seconds\":%.3f,"
         "\"latencyMs\":{\"count\":%ld,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"max\":%.3f}}\n",
         all.messages, all.fewest, all.most, all.gaps, all.repeats, all.closed, all.bytes, all.reads, all.segments, all.seconds,
         all.timed, quantile(&all, .5), quantile(&all, .95), quantile(&all, .99), all.latency_max / 1000.0);
  fflush(stdout);
}

static void print_opening(void) {
  Opening all = {0}, one;
  for (int i = 0; i < processes; i++) {
    read_all(controls[i], &one, sizeof one);
    all.wanted += one.wanted; all.open += one.open; all.refused += one.refused;
    if (one.seconds > all.seconds) all.seconds = one.seconds;
  }
  printf("{\"wanted\":%ld,\"open\":%ld,\"refused\":%ld,\"seconds\":%.3f}\n", all.wanted, all.open, all.refused, all.seconds);
  fflush(stdout);
}

static void obey(void) {
  char line[128];
  while (fgets(line, sizeof line, stdin)) {
    Order order = {.kind = WAIT};
    if (sscanf(line, "wait %ld %ld", &order.count, &order.ms) == 2) { printf("{\"waited\":%ld,\"short\":%ld}\n", order.count, order_all(order)); fflush(stdout); }
    else if (!strncmp(line, "begin", 5)) { order_all((Order){.kind = BEGIN}); printf("{\"begun\":true}\n"); fflush(stdout); }
    else if (!strncmp(line, "end", 3)) print_report();
    else break;
  }
}

static void start_processes(int n) {
  for (int i = 0, first = 0; i < processes; i++) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) fail("load: socketpair");
    count = n / processes + (i < n % processes);
    pid_t child = fork();
    if (child < 0) fail("load: fork");
    if (!child) { close(pair[0]); run(first, i, pair[1]); }
    close(pair[1]);
    controls[i] = pair[0];
    first += count;
  }
}

int main(int argc, char **argv) {
  static const char usage[] = "usage: load [-n N] [-p N] [-r N] [-f N] [-i TEXT] [-e TEXT] [-m TEXT] [-a PING=PONG] [-H LINE] [-s SECONDS] sse|ws HOST PORT PATH\n";
  double seconds = 0;
  int n = 1000;
  for (int option; (option = getopt(argc, argv, "n:p:r:f:i:e:m:a:H:s:")) != -1;) switch (option) {
    case 'n': n = atoi(optarg); break;
    case 'p': processes = atoi(optarg); break;
    case 'r': open_rate = atof(optarg); break;
    case 'f': in_flight = atoi(optarg); break;
    case 'i': if (init_count < LISTS) inits[init_count++] = optarg; break;
    case 'e': open_text = optarg; break;
    case 'm': match = optarg; break;
    case 'a': {
      char *middle = strchr(optarg, '=');
      if (!middle) { fputs(usage, stderr); return 2; }
      *middle = 0;
      if (answer_count < LISTS) answers[answer_count++] = (Answer){.ping = optarg, .pong = middle + 1};
      break;
    }
    case 'H': if (header_count < LISTS) headers[header_count++] = optarg; break;
    case 's': seconds = atof(optarg); break;
    default: fputs(usage, stderr); return 2;
  }
  if (argc - optind != 4 || n < 1 || processes < 1 || processes > PROCESSES) { fputs(usage, stderr); return 2; }
  websocket = !strcmp(argv[optind], "ws");
  host = argv[optind + 1];
  port = atoi(argv[optind + 2]);
  path = argv[optind + 3];
  if (open_rate > 0) open_rate /= processes;
  start_processes(n);
  print_opening();
  if (seconds > 0) { order_all((Order){.kind = BEGIN}); usleep(seconds * 1e6); print_report(); } else obey();
}
