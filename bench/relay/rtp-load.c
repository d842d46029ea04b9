/*
 * Both far ends of many relayed calls: sends G.711-sized RTP from one port for all A sides and one for all B sides, and
 * counts what the relay brings.
 *
 *   rtp-load PORT_A PORT_B SECONDS [DELAYS_FILE] < ports
 *
 * Standard input has two numbers a call: the relay's port for side A and for side B. Prints "ready", waits for a line on
 * standard input's end, runs, and prints a line of JSON: packets sent, packets received, and how late they came (from just
 * before the system call that sent them to the kernel's receive time). DELAYS_FILE gets 16 bytes a received packet: call
 * (u16), side it was sent by (u16), number in its stream (u32), delay in ns (i64).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, BYTES = 172, BUFFER = 32 << 20, PTIME_US = 20000, MAX_CALLS = 4000, DRAIN_MS = 1500 };

/* Addresses of the loopback network that nothing else is bound to. */
#define OWN_ADDRESS "127.0.0.8"
#define RELAY_ADDRESS "127.0.0.9"

struct record {
  uint16_t call, side;
  uint32_t number;
  int64_t delay_ns;
};

static in_addr_t relay_address;
static int sockets[2];
static int ports[MAX_CALLS][2];
static int calls;
static volatile int done;
static uint64_t sent, received, failed;
static struct record *records;
static size_t capacity;

static int64_t now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_socket(int port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
  own.sin_addr.s_addr = inet_addr(OWN_ADDRESS);
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0) {
    perror("bind");
    exit(1);
  }
  int bytes = BUFFER, on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  struct timeval wait = {.tv_usec = 50000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  return fd;
}

static void *receive(void *argument) {
  int side = (int)(intptr_t)argument;
  static char data[2][BATCH][2048], control[2][BATCH][64];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  while (!done) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){.iov_base = data[side][i], .iov_len = sizeof data[side][i]};
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = control[side][i],
                                            .msg_controllen = sizeof control[side][i]};
    }
    int got = recvmmsg(sockets[side], messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) {
      if (messages[i].msg_len != BYTES) continue;
      struct cmsghdr *head = CMSG_FIRSTHDR(&messages[i].msg_hdr);
      if (head == NULL || head->cmsg_type != SCM_TIMESTAMPNS) continue;
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(head), sizeof stamp);
      uint32_t ssrc, number;
      int64_t sent_ns;
      memcpy(&ssrc, data[side][i] + 8, 4);
      memcpy(&number, data[side][i] + 12, 4);
      memcpy(&sent_ns, data[side][i] + 16, 8);
      ssrc = ntohl(ssrc);
      uint64_t index = __atomic_fetch_add(&received, 1, __ATOMIC_RELAXED);
      if (index < capacity)
        records[index] = (struct record){ssrc >> 1, ssrc & 1, number,
                                         (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec - sent_ns};
    }
  }
  return NULL;
}

static int by_delay(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static void send_slot(int call, uint32_t number) {
  static char data[2][MAX_CALLS][BYTES];
  for (int side = 0; side < 2; side++) {
    char *packet = data[side][call];
    uint16_t sequence = htons((uint16_t)number);
    uint32_t timestamp = htonl(number * 160), ssrc = htonl((uint32_t)call << 1 | side);
    int64_t at = now_ns(CLOCK_REALTIME);
    packet[0] = (char)0x80;
    packet[1] = 0;
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &ssrc, 4);
    memcpy(packet + 12, &number, 4);
    memcpy(packet + 16, &at, 8);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ports[call][side])};
    to.sin_addr.s_addr = relay_address;
    if (sendto(sockets[side], packet, BYTES, 0, (struct sockaddr *)&to, sizeof to) == BYTES) sent++;
    else failed++;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: rtp-load PORT_A PORT_B SECONDS [DELAYS_FILE] < ports\n");
    return 2;
  }
  int seconds = atoi(argv[3]);
  relay_address = inet_addr(RELAY_ADDRESS);
  while (calls < MAX_CALLS && scanf("%d %d", &ports[calls][0], &ports[calls][1]) == 2) calls++;
  if (calls == 0) return 2;
  sockets[0] = open_socket(atoi(argv[1]));
  sockets[1] = open_socket(atoi(argv[2]));
  capacity = (size_t)calls * 2 * 51 * seconds;
  records = calloc(capacity, sizeof *records);
  pthread_t threads[2];
  for (intptr_t side = 0; side < 2; side++) pthread_create(&threads[side], NULL, receive, (void *)side);
  puts("ready");
  fflush(stdout);

  int64_t start = now_ns(CLOCK_MONOTONIC);
  uint64_t total = (uint64_t)calls * 50 * seconds;
  for (uint64_t n = 0; n < total;) {
    uint64_t due = (uint64_t)(now_ns(CLOCK_MONOTONIC) - start) / 1000 * calls / PTIME_US;
    for (; n < due && n < total; n++) send_slot(n % calls, n / calls);
    struct timespec pause = {.tv_nsec = 500000};
    nanosleep(&pause, NULL);
  }
  /* A relay that was held up by others on this machine brings the rest later. */
  for (uint64_t before = ~0ull; before != __atomic_load_n(&received, __ATOMIC_RELAXED);) {
    before = __atomic_load_n(&received, __ATOMIC_RELAXED);
    usleep(DRAIN_MS * 1000);
  }
  done = 1;
  for (int side = 0; side < 2; side++) pthread_join(threads[side], NULL);

  size_t count = received < capacity ? received : capacity;
  if (argc > 4) {
    FILE *file = fopen(argv[4], "wb");
    if (file == NULL || fwrite(records, sizeof *records, count, file) != count) return 1;
    fclose(file);
  }
  int64_t *delays = malloc((count + 1) * sizeof *delays);
  for (size_t i = 0; i < count; i++) delays[i] = records[i].delay_ns;
  qsort(delays, count, sizeof *delays, by_delay);
  double p50 = count ? delays[count / 2] / 1e6 : 0, p99 = count ? delays[count * 99 / 100] / 1e6 : 0;
  printf("{\"sent\":%lu,\"failed\":%lu,\"received\":%lu,\"delayP50Ms\":%.3f,\"delayP99Ms\":%.3f}\n", sent, failed, received,
         p50, p99);
  return 0;
}
