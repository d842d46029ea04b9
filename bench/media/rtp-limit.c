/*
 * The floor for one socket a call: a loop that only sends and receives, and looks at nothing. One connected UDP socket a
 * call, 172 bytes (RTP with 20 ms of G.711) each 20 ms, the calls spread evenly over the 20 ms, a sleep of TICK_MS between
 * the rounds.
 *
 *   rtp-limit PORT CALLS SECONDS TICK_MS [shared]
 *
 * With "shared" all calls have one socket, which sends and receives in batches.
 *
 * Prints one line of JSON: packets sent and received, CPU time in µs, and how late packets left in ms.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { PACKET = 172, INTERVAL_MS = 20, EVENTS = 1024, LATE_BUCKETS = 20000, BATCH = 64, DATAGRAM = 2048 };
enum { SHARED_BUFFER = 16 << 20 };

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double cpu_us(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 + r.ru_utime.tv_usec + r.ru_stime.tv_usec;
}

/* Packets by lateness, in steps of 0.01 ms. */
static unsigned late[LATE_BUCKETS];

static void note_late(double ms) {
  int i = (int)(ms * 100);
  late[i < 0 ? 0 : i >= LATE_BUCKETS ? LATE_BUCKETS - 1 : i]++;
}

static double late_quantile(double q, long count) {
  long seen = 0;
  for (int i = 0; i < LATE_BUCKETS; i++)
    if ((seen += late[i]) >= q * count) return (i + 1) / 100.0;
  return LATE_BUCKETS / 100.0;
}

static char data[BATCH][DATAGRAM];
static struct iovec vectors[BATCH];
static struct mmsghdr headers[BATCH];

/* Sends what was collected; the time that it took is shared out evenly. */
static long send_batch(int fd, const double *dues, int count) {
  if (count == 0) return 0;
  for (int i = 0; i < count; i++) {
    vectors[i] = (struct iovec){.iov_base = data[i], .iov_len = PACKET};
    headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  double before = now_ms();
  int sent = sendmmsg(fd, headers, count, 0);
  double step = (now_ms() - before) / count;
  for (int i = 0; i < count; i++) note_late(before + (i + 1) * step - dues[i]);
  return sent > 0 ? sent : 0;
}

static long receive_all(int fd) {
  long received = 0;
  int got;
  do {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){.iov_base = data[i], .iov_len = DATAGRAM};
      headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    got = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
    if (got > 0) received += got;
  } while (got == BATCH);
  return received;
}

int main(int argc, char **argv) {
  int shared = argc == 6 && strcmp(argv[5], "shared") == 0;
  if (argc != 5 && !shared) {
    fprintf(stderr, "usage: rtp-limit PORT CALLS SECONDS TICK_MS [shared]\n");
    return 2;
  }
  int calls = atoi(argv[2]);
  double seconds = atof(argv[3]), tick_ms = atof(argv[4]);
  struct sockaddr_in far = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  far.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  int *fds = malloc(calls * sizeof *fds);
  double *due = malloc(calls * sizeof *due);
  int epoll = epoll_create1(0);
  for (int i = 0; i < (shared ? 1 : calls); i++) {
    fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&far, sizeof far) < 0) {
      perror("socket");
      return 1;
    }
    if (shared) {
      int bytes = SHARED_BUFFER;
      if (setsockopt(fds[i], SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
  }

  char out[PACKET] = {0}, in[2048];
  struct epoll_event events[EVENTS];
  long sent = 0, received = 0;
  double cpu = cpu_us(), start = now_ms(), end = start + seconds * 1000, next_tick = start;
  for (int i = 0; i < calls; i++) due[i] = start + (double)INTERVAL_MS * i / calls;
  int head = 0;
  for (;;) {
    double now = now_ms();
    if (now > end + 50) break;
    while (shared && now < end && due[head] <= now) {
      double dues[BATCH];
      int count = 0;
      while (count < BATCH && due[head] <= now) {
        dues[count++] = due[head];
        due[head] += INTERVAL_MS;
        head = (head + 1) % calls;
      }
      sent += send_batch(fds[0], dues, count);
    }
    while (!shared && now < end && due[head] <= now) {
      if (send(fds[head], out, PACKET, 0) == PACKET) sent++;
      now = now_ms();
      note_late(now - due[head]);
      due[head] += INTERVAL_MS;
      head = (head + 1) % calls;
    }
    if (shared) received += receive_all(fds[0]);
    int ready = 0;
    while (!shared) {
      ready = epoll_wait(epoll, events, EVENTS, 0);
      for (int i = 0; i < ready; i++)
        if (recv(events[i].data.fd, in, sizeof in, 0) > 0) received++;
      if (ready < EVENTS) break;
    }
    next_tick += tick_ms;
    double rest = next_tick - now_ms();
    if (rest > 0) {
      struct timespec pause = {0, (long)(rest * 1e6)};
      nanosleep(&pause, NULL);
    } else {
      next_tick -= rest;
    }
  }
  cpu = cpu_us() - cpu;
  printf("{\"sent\":%ld,\"received\":%ld,\"cpuUs\":%.0f,\"lateP50Ms\":%.2f,\"lateP99Ms\":%.2f}\n", sent, received, cpu,
         late_quantile(0.5, sent), late_quantile(0.99, sent));
  return 0;
}
