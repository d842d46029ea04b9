/*
 * The cheapest far end: returns every datagram that comes to one UDP port of 127.0.0.1, in batches.
 *
 *   udp-echo PORT
 *
 * Prints "ready" once it is bound and runs until it is killed or its standard input ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 128, DATAGRAM = 2048, BUFFER = 16 << 20 };

static char data[BATCH][DATAGRAM];
static struct sockaddr_in peers[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

static void enlarge(int fd, int forced, int plain) {
  int bytes = BUFFER;
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) < 0)
    setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: udp-echo PORT\n");
    return 2;
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0) {
    perror("bind");
    return 1;
  }
  enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  puts("ready");
  fflush(stdout);

  struct pollfd watched[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  for (;;) {
    if (poll(watched, 2, -1) < 0) return 1;
    if (watched[1].revents) return 0;
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){.iov_base = data[i], .iov_len = DATAGRAM};
      messages[i].msg_hdr = (struct msghdr){
          .msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (got <= 0) continue;
    for (int i = 0; i < got; i++) vectors[i].iov_len = messages[i].msg_len;
    for (int sent = 0; sent < got;) {
      int n = sendmmsg(fd, messages + sent, got - sent, 0);
      if (n <= 0) break;
      sent += n;
    }
  }
}
